import type { MessagePort } from 'node:worker_threads';

/** Shared memory in which a thread counts how often its event loop came round: `[1] i32`. */
export type Heart = SharedArrayBuffer;

/** How often a thread that goes on beats. */
export const BEAT_MS = 100;

export function createHeart(): Heart {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

/** Called by the thread itself, once. A thread that loops, or never leaves native code, stops beating. */
export function keepBeating(heart: Heart): void {
  // From here on silence counts: until now the thread was starting.
  beat(heart);
  setInterval(() => {
    beat(heart);
  }, BEAT_MS).unref();
}

/** One turn; for whoever beats in the place of a thread that cannot reach the memory. */
export function beat(heart: Heart): void {
  Atomics.add(new Int32Array(heart), 0, 1);
}

export function beatsOf(heart: Heart): number {
  return Atomics.load(new Int32Array(heart), 0);
}

/** `/debug/hang_actor`: from its first message on, the thread loops. It keeps no thread alive. */
export function hangOnRequest(parent: MessagePort | null): void {
  parent?.once('message', () => {
    for (;;);
  });
  parent?.unref();
}
