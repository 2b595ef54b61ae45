// Loaded into the server before its own code: says when the clock of its main thread began, in Unix milliseconds.
import { isMainThread } from 'node:worker_threads';

if (isMainThread) console.log(`time origin: ${performance.timeOrigin}`);
