/** Thread entry of the relay between a device's process and the server's threads. */
import { parentPort, workerData } from 'node:worker_threads';
import { cannotStart } from '../src/device/child/how-it-died.js';
import { Relay, type Kill, type RelayEnd, type RelayInit } from '../src/device/child/relay.js';

const main = parentPort;

function tell(end: RelayEnd): void {
  main?.postMessage(end);
}

try {
  const relay = new Relay(workerData as RelayInit, tell);
  main?.on('message', ({ reason }: Kill) => {
    relay.kill(reason);
  });
} catch (error) {
  tell({ how: 'died', sentence: cannotStart((error as Error).message) });
}
