/** Passes of a model that speculates, and what they brought. */
export interface Passes {
  readonly numPasses: number;
  readonly numDrafts: number;
  readonly numCorrect: number;
}

/** Tokens of a pass: its own and its correct drafts. 0 without a pass, as in SGLang. */
export function acceptLength({ numPasses, numCorrect }: Passes): number {
  return numPasses === 0 ? 0 : 1 + numCorrect / numPasses;
}

/** Correct drafts of a hundred made, as a part of 1. */
export function acceptRate({ numDrafts, numCorrect }: Passes): number {
  return numDrafts === 0 ? 0 : numCorrect / numDrafts;
}
