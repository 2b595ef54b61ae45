/** What every side is timed at. Token ids come from the seed, so that all sides get the same ones. */
export type Workload = PrefillWorkload | DecodeWorkload;

/** Prompts that no cache has seen, one after the other, each up to its first token. */
interface PrefillWorkload {
  readonly kind: 'prefill';
  readonly numTokens: number;
  readonly numPrompts: number;
  readonly seed: number;
}

/** `batch` sequences that decode together while their context grows over [context, context + steps). */
interface DecodeWorkload {
  readonly kind: 'decode';
  readonly batch: number;
  readonly context: number;
  readonly steps: number;
  readonly seed: number;
}

const PREFILL_LENGTHS = [512];
const BATCHES = [1, 8, 16];
const CONTEXT = 64;

export interface WorkloadSize {
  readonly numPrompts: number;
  readonly steps: number;
}

/** The lines of the table; seeds differ between rounds, so that no round finds another one's prefix. */
export function workloads(round: number, { numPrompts, steps }: WorkloadSize): Workload[] {
  const seed = 1000 * (round + 1);
  return [
    ...PREFILL_LENGTHS.map((numTokens, i) => ({
      kind: 'prefill' as const,
      numTokens,
      numPrompts,
      seed: seed + i,
    })),
    ...BATCHES.map((batch, i) => ({
      kind: 'decode' as const,
      batch,
      context: CONTEXT,
      steps,
      seed: seed + 100 + i,
    })),
  ];
}

export function labelOf(workload: Workload): string {
  return workload.kind === 'prefill'
    ? `prefill ${workload.numTokens}`
    : `decode B=${workload.batch}`;
}

/** Tokens that the timed part computes. */
export function tokensOf(workload: Workload): number {
  return workload.kind === 'prefill'
    ? workload.numPrompts * workload.numTokens
    : workload.batch * workload.steps;
}
