import type { InjectFault } from '../messages.js';

const HOARD_ELEMENTS = 1 << 17;

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
      break;
    case 'hang':
      hang();
  }
}

/** Never comes back, and never ends. */
function hang(): never {
  for (;;);
}

/** Allocates until the thread's heap limit ends it (`ERR_WORKER_OUT_OF_MEMORY`). */
function exhaustHeap(): never {
  const hoard: unknown[] = [];
  // Plain numbers leave the collector nothing to trace. Small arrays matter: V8 aborts the process, not
  // the thread, when a single allocation is larger than the slack beyond the limit.
  for (;;) hoard.push(new Array<number>(HOARD_ELEMENTS).fill(0.5));
}
