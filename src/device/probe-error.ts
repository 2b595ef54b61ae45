/** The runtime does not do what the engine builds on; serving would give wrong tokens. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError';
}
