/** Thread entry: one step after the other to the device at `port`; tells how long each took, in microseconds. */
import { once } from 'node:events';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { DECODE_STRIDE, stepOf } from '../../../src/core/batch.js';

const { port, numSteps, numRows } = workerData as {
  readonly port: MessagePort;
  readonly numSteps: number;
  readonly numRows: number;
};
const tookUs: number[] = [];
for (let step = 0; step < numSteps; step++) {
  const begunMs = performance.now();
  const decode = new Int32Array(numRows * DECODE_STRIDE).fill(-1);
  port.postMessage({ kind: 'step', plan: stepOf(step, { decode }) });
  await once(port, 'message');
  tookUs.push(1000 * (performance.now() - begunMs));
}
port.close();
parentPort?.postMessage(tookUs);
