import type { InjectFault } from '../messages.js';

const HOARD_ELEMENTS = 1 << 20;

/**
 * Fails this thread on request (`--enable-fault-injection`), the way that a real failure would. Called
 * between runs only: a thread that ends inside native code takes the process with it.
 */
export function failNow(how: InjectFault['how']): void {
  switch (how) {
    case 'exit':
      process.exit(1);
      break;
    case 'throw':
      throw new Error('injected fault: throw');
    case 'heap_oom':
      exhaustHeap();
  }
}

/** Allocates until the thread's heap limit ends it (`ERR_WORKER_OUT_OF_MEMORY`). */
function exhaustHeap(): never {
  const hoard: unknown[] = [];
  // Arrays of their own heap pages: nothing for the collector to move, so the limit comes quickly.
  for (;;) hoard.push(new Array<unknown>(HOARD_ELEMENTS).fill(hoard));
}
