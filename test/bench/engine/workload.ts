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

type LineShape = Pick<PrefillWorkload, 'kind' | 'numTokens'> | DecodeShape;
type DecodeShape = Pick<DecodeWorkload, 'kind' | 'batch' | 'context'>;

/** The lines of the table. */
const LINES: readonly LineShape[] = [
  { kind: 'prefill', numTokens: 512 },
  { kind: 'prefill', numTokens: 1024 },
  { kind: 'decode', batch: 1, context: 64 },
  { kind: 'decode', batch: 8, context: 64 },
  { kind: 'decode', batch: 16, context: 64 },
  { kind: 'decode', batch: 32, context: 64 },
  { kind: 'decode', batch: 16, context: 300 },
  { kind: 'decode', batch: 8, context: 900 },
];
const LONG_LINE: LineShape = { kind: 'prefill', numTokens: 2048 };

export interface WorkloadSize {
  readonly numPrompts: number;
  readonly steps: number;
}

export interface LineChoice {
  /** Parts of labels; empty = all lines. */
  readonly parts: readonly string[];
  /** With the prompts of 2,048 tokens. */
  readonly hasLong: boolean;
}

/** The lines that were asked for; seeds differ between rounds, so that no round finds another one's prefix. */
export function workloads(
  round: number,
  { numPrompts, steps }: WorkloadSize,
  { parts, hasLong }: LineChoice,
): Workload[] {
  const all = [...LINES, ...(hasLong ? [LONG_LINE] : [])].map((line, i): Workload => {
    const seed = 1000 * (round + 1) + i;
    return line.kind === 'prefill' ? { ...line, numPrompts, seed } : { ...line, steps, seed };
  });
  if (parts.length === 0) return all;
  return all.filter((workload) => parts.some((part) => labelOf(workload).includes(part)));
}

/** Room that every side must have: requests at once, and tokens of each. */
export function roomFor(all: readonly Workload[]): { numSlots: number; slotLength: number } {
  const numSlots = all.map((load) => (load.kind === 'prefill' ? 1 : load.batch));
  const lengths = all.map((load) =>
    load.kind === 'prefill' ? load.numTokens + 1 : load.context + load.steps + 1,
  );
  return { numSlots: Math.max(...numSlots), slotLength: Math.max(...lengths) };
}

export function labelOf(workload: LineShape): string {
  return workload.kind === 'prefill'
    ? `prefill ${workload.numTokens}`
    : `decode B=${workload.batch} at ${workload.context}`;
}

/** Tokens that the timed part computes. */
export function tokensOf(workload: Workload): number {
  return workload.kind === 'prefill'
    ? workload.numPrompts * workload.numTokens
    : workload.batch * workload.steps;
}
