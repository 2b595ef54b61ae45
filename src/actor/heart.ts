import type { MessagePort } from 'node:worker_threads';

/** Shared memory in which a thread counts how often its event loop came round: `[1] i32`. */
export type Heart = SharedArrayBuffer;

const BEAT_MS = 100;

export function createHeart(): Heart {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

/** Called by the thread itself, once. A thread that loops, or never leaves native code, stops beating. */
export function keepBeating(heart: Heart): void {
  const beats = new Int32Array(heart);
  const beat = (): void => {
    Atomics.add(beats, 0, 1);
  };
  // From here on silence counts: until now the thread was starting.
  beat();
  setInterval(beat, BEAT_MS).unref();
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
