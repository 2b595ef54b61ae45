/** Sums over compared positions. */
export interface Divergence {
  readonly numTokens: number;
  /** Σ KL(reference ‖ candidate), nats. */
  readonly klSum: number;
  /** Of the same squared, for the error of the mean. */
  readonly klSquareSum: number;
  readonly sameTop1: number;
  /** Σ of the candidate's -log p of the token that follows. */
  readonly nllSum: number;
}

export const NO_DIVERGENCE: Divergence = {
  numTokens: 0,
  klSum: 0,
  klSquareSum: 0,
  sameTop1: 0,
  nllSum: 0,
};

/** Rows `[n, vocab]` of log-probabilities, natural; `next[i]` is the token that followed row i. */
export interface ComparedRows {
  readonly reference: Float32Array;
  readonly candidate: Float32Array;
  readonly next: readonly number[];
  readonly vocab: number;
}

export function addRows(total: Divergence, rows: ComparedRows): Divergence {
  let { klSum, klSquareSum, sameTop1, nllSum } = total;
  rows.next.forEach((token, row) => {
    const at = row * rows.vocab;
    const p = rows.reference.subarray(at, at + rows.vocab);
    const q = rows.candidate.subarray(at, at + rows.vocab);
    const kl = divergence(p, q);
    klSum += kl;
    klSquareSum += kl * kl;
    sameTop1 += argmax(p) === argmax(q) ? 1 : 0;
    nllSum -= q[token] ?? Number.NaN;
  });
  const numTokens = total.numTokens + rows.next.length;
  return { numTokens, klSum, klSquareSum, sameTop1, nllSum };
}

/** What a page says of a format. */
export interface Quality {
  /** Nats per token, and the standard error of that mean. */
  readonly kl: number;
  readonly klError: number;
  /** Share of rows. */
  readonly sameTop1: number;
  readonly perplexity: number;
}

export function qualityOf(total: Divergence): Quality {
  const { numTokens, klSum, klSquareSum, sameTop1, nllSum } = total;
  const kl = klSum / numTokens;
  const variance = Math.max(0, klSquareSum / numTokens - kl * kl);
  return {
    kl,
    klError: Math.sqrt(variance / (numTokens - 1)),
    sameTop1: sameTop1 / numTokens,
    perplexity: Math.exp(nllSum / numTokens),
  };
}

/** KL of log-probabilities, nats. */
export function divergence(p: Float32Array, q: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const logP = p[i] as number;
    sum += Math.exp(logP) * (logP - (q[i] as number));
  }
  return sum;
}

function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if ((values[i] as number) > (values[best] as number)) best = i;
  }
  return best;
}
