let buffer = new Float32Array(0);

/**
 * `length` floats of this thread, whatever they held: memory that was never touched is slow the first time, and the jobs
 * of a checkpoint come one after another. What an earlier call gave is not to be used any more.
 */
export function scratch(length: number): Float32Array {
  if (buffer.length < length) buffer = new Float32Array(length);
  return buffer.subarray(0, length);
}
