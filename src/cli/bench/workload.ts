import type { Row } from './dialects.js';
import type { PromptMaker } from './prompts.js';
import { shuffle, type Random } from './random.js';

/** SGLang's `random`: prompts that share nothing. */
export interface RandomWorkload {
  readonly kind: 'random';
  readonly numPrompts: number;
  readonly inputLen: number;
  readonly outputLen: number;
  /** Lengths are drawn from [length · ratio, length]. */
  readonly rangeRatio: number;
}

/** SGLang's `generated-shared-prefix`: groups of prompts that begin with the same system prompt. */
export interface PrefixWorkload {
  readonly kind: 'generated-shared-prefix';
  readonly numGroups: number;
  readonly promptsPerGroup: number;
  readonly systemPromptLen: number;
  readonly questionLen: number;
  readonly outputLen: number;
  readonly rangeRatio: number;
  /** One group behind another, not mixed. */
  readonly ordered: boolean;
}

export type Workload = RandomWorkload | PrefixWorkload;

/** The requests of a run: the same for the same seed and the same server. */
export function rowsOf(workload: Workload, maker: PromptMaker, random: Random): readonly Row[] {
  return workload.kind === 'random'
    ? randomRows(workload, maker, random)
    : prefixRows(workload, maker, random);
}

function randomRows(
  { numPrompts, inputLen, outputLen, rangeRatio }: RandomWorkload,
  maker: PromptMaker,
  random: Random,
): readonly Row[] {
  return Array.from({ length: numPrompts }, () => {
    const promptLen = drawLength(inputLen, rangeRatio, random);
    return {
      prompt: maker.join(maker.draw(promptLen, random, true)),
      promptLen,
      outputLen: drawLength(outputLen, rangeRatio, random),
    };
  });
}

function prefixRows(workload: PrefixWorkload, maker: PromptMaker, random: Random): readonly Row[] {
  const { numGroups, promptsPerGroup, questionLen, outputLen, rangeRatio } = workload;
  const rows: Row[] = [];
  for (let group = 0; group < numGroups; group++) {
    const systemLen = drawLength(workload.systemPromptLen, rangeRatio, random);
    const system = maker.draw(systemLen, random, true);
    for (let i = 0; i < promptsPerGroup; i++) {
      const ownLen = drawLength(questionLen, rangeRatio, random);
      rows.push({
        prompt: maker.join([...system, ...maker.draw(ownLen, random, false)]),
        promptLen: systemLen + ownLen,
        outputLen: drawLength(outputLen, rangeRatio, random),
      });
    }
  }
  if (!workload.ordered) shuffle(rows, random);
  return rows;
}

/** As SGLang's `compute_random_lens`. */
function drawLength(full: number, rangeRatio: number, random: Random): number {
  return random.between(Math.max(Math.floor(full * rangeRatio), 1), full);
}
