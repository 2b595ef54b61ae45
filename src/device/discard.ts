import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';

/**
 * Frees the memory of arrays that nobody uses any more; they are empty afterwards. The garbage collector sees
 * little reason to hurry, since the bytes lie outside its heap: so they are sent to a port that closes.
 */
export async function discard(arrays: readonly Float32Array<ArrayBuffer>[]): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  // A thread with nothing else to do would not wait for it.
  port1.ref();
  const closed = once(port1, 'close');
  port1.postMessage(
    null,
    arrays.map((array) => array.buffer),
  );
  port2.close();
  await closed;
}
