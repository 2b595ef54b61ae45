/** A thread that holds the GPU lock again and again, or once for ever. */
import { workerData } from 'node:worker_threads';
import { GpuLock, type GpuLockShare } from '../../src/device/gpu-lock.js';

export interface LockThreadInit {
  readonly gpuLock: GpuLockShare;
  /** `[inside, most inside, turns]` */
  readonly counts: SharedArrayBuffer;
  readonly numTurns: number;
  /** Ends in the middle of a turn. */
  readonly dies: boolean;
}

const { gpuLock, counts, numTurns, dies } = workerData as LockThreadInit;
const lock = new GpuLock(gpuLock.word, gpuLock.holder);
const seen = new Int32Array(counts);

for (let turn = 0; turn < numTurns; turn++) {
  await lock.hold(async () => {
    const inside = Atomics.add(seen, 0, 1) + 1;
    if (inside > Atomics.load(seen, 1)) Atomics.store(seen, 1, inside);
    await new Promise(setImmediate);
    if (dies) process.exit(0);
    Atomics.sub(seen, 0, 1);
    Atomics.add(seen, 2, 1);
  });
}
