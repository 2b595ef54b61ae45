/**
 * A linear of the model, or its table of tokens, beside which adapters may stand: `y = W x + B (A x)`
 * (LoRA, arXiv 2106.09685).
 */
export interface LoraSite {
  /** Of the linear. */
  readonly name: string;
  readonly in: number;
  readonly out: number;
  /** What the linear is made of: q, k and v. An adapter has an A and a B for each. */
  readonly numParts: number;
  /** The table of tokens: x is a token, of which A has a column. */
  readonly isTable?: true;
}

/** An adapter as runs take it. */
export interface LoraWeights {
  /** All numbers, for {@link LoraLinear.a} and {@link LoraLinear.b}. */
  readonly data: Float32Array<ArrayBuffer>;
  readonly linears: readonly LoraLinear[];
}

/** What an adapter has for one {@link LoraSite}. */
export interface LoraLinear extends LoraSite {
  /** Columns of A of each part: a power of two, those behind the adapter's own zeros. */
  readonly rank: number;
  /** Where `[in, numParts * rank]` begins in the data: columns of one part behind those of the other. */
  readonly a: number;
  /** Where `[numParts * rank, out]` begins: rows of a part are 0 but for its own columns, and have the scale in them. */
  readonly b: number;
}

/** Elements of both matrices. */
export function loraElements({ in: width, out, numParts }: LoraSite, rank: number): number {
  return numParts * rank * (width + out);
}

/** Bytes of an adapter of that rank that changes all of the sites. */
export function loraBytes(sites: readonly LoraSite[], rank: number): number {
  const elements = sites.reduce((sum, site) => sum + loraElements(site, paddedRank(rank)), 0);
  return elements * Float32Array.BYTES_PER_ELEMENT;
}

/**
 * Adapters of a run stand side by side along this axis, and sums over it are made in pieces of a power of two: so each of
 * them has the same bits wherever it stands (docs/decisions/0025-lora.md).
 */
export function paddedRank(rank: number): number {
  return 2 ** Math.ceil(Math.log2(rank));
}

/** Names an adapter from its load to its unloading; no two loads have the same. */
export type LoraId = number;

/** In the place of an adapter: the model as it is. */
export const BASE_MODEL: LoraId = 0;
