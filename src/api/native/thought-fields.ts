import { refuse } from '../../core/errors.js';
import type { ThoughtMarks } from '../../core/thought.js';
import type { GenerateEntry, SamplingRequest } from '../../engine/request.js';
import type { FieldReader } from '../../http/field-reader.js';

/** What a body of the native routes says of thoughts. */
export interface ThoughtFields {
  /** How the tokens of thoughts are told; null = the model has none. */
  readonly marks: ThoughtMarks | null;
  /** `require_reasoning`: the answer begins within a thought, and its grammar begins behind it. */
  readonly isThinking: boolean;
  /** `max_thinking_tokens` (SGLang: with `--enable-strict-thinking` only); null = no limit of its own. */
  readonly maxTokens: number | null;
}

/** @param tags the model's; null = it has none. @throws RequestError */
export function parseThoughtFields(read: FieldReader, tags: ThoughtMarks | null): ThoughtFields {
  const isThinking = (read.boolean('require_reasoning') ?? false) && tags !== null;
  const maxTokens = read.integer('max_thinking_tokens');
  if (maxTokens !== null && tags === null) {
    refuse('max_thinking_tokens requires a model with thoughts: none of --reasoning-parser fits.');
  }
  return { marks: isThinking ? { ...tags, start: [] } : tags, isThinking, maxTokens };
}

/** `sampling` with what the body says beside it. Thoughts are counted where it asks for them, as in SGLang. */
export function withThoughts(
  sampling: SamplingRequest,
  { marks, isThinking, maxTokens }: ThoughtFields,
): Pick<GenerateEntry, 'sampling' | 'thought'> {
  const { grammar } = sampling;
  const maxThinkingTokens = maxTokens === null ? sampling.maxThinkingTokens : budgetOf(maxTokens);
  return {
    sampling: {
      ...sampling,
      maxThinkingTokens,
      grammar:
        grammar === null || !isThinking ? grammar : { ...grammar, after: marks?.end ?? null },
    },
    thought: isThinking || maxThinkingTokens !== null ? marks : null,
  };
}

/** `custom_params.thinking_budget`, which SGLang leaves alone where it is no integer. */
export function thinkingBudget(customParams: unknown): number | null {
  if (typeof customParams !== 'object' || customParams === null) return null;
  const value: unknown = Reflect.get(customParams, 'thinking_budget');
  return Number.isSafeInteger(value) ? budgetOf(value as number) : null;
}

/** Negative = no limit, as in SGLang. */
function budgetOf(maxTokens: number): number | null {
  return maxTokens < 0 ? null : maxTokens;
}
