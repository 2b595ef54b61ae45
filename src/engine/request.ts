/** What a parsed request is: the shape that every dialect comes down to before it is tokenized and fitted. */
import type { Grammar } from '../core/grammar.js';
import type { HiddenStatesMode } from '../core/hidden-states.js';
import type { Unobserved } from '../observability/engine-events.js';
import type { ThoughtMarks } from '../core/thought.js';
import type { StopRegex } from '../text/stop-regex.js';

/** What one answer, or several samples of it, is asked of. */
export type Prompt =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'ids'; readonly ids: Int32Array };

/** One request after all of SGLang's normalisation: one entry per prompt. */
export interface GenerateRequest {
  readonly stream: boolean;
  /** One prompt and one sample: an object instead of an array, and no `index` in a stream. */
  readonly isSingle: boolean;
  readonly entries: readonly GenerateEntry[];
  readonly returnTextInLogprobs: boolean;
  readonly returnPromptTokenIds: boolean;
  /** True = goes on when the client leaves. */
  readonly background: boolean;
  /** The session that the only prompt continues; null = none. */
  readonly session: SessionParams | null;
}

/** One prompt of a request, with as many samples as it has rids. */
export interface GenerateEntry extends Required<Unobserved> {
  readonly prompt: Prompt;
  readonly sampling: SamplingRequest;
  readonly logprobs: LogprobRequest | null;
  /** Which of its final hidden states are shown; null = none. */
  readonly hiddenStates: HiddenStatesMode | null;
  /** How the tokens of its thoughts are counted; null = it has none. */
  readonly thought: ThoughtMarks | null;
  /** One rid per sample. */
  readonly rids: readonly string[];
  /** Name of the LoRA adapter that it asks for; null = the model as it is. */
  readonly adapter: string | null;
  readonly extraKey: string | null;
  readonly cacheSalt: string | null;
  /** Digest of the key that asked; empty = none. */
  readonly tenant: string;
  /** The answer says why no more of the prompt was cached. */
  readonly explainsMiss: boolean;
  readonly dpRank: number | null;
  readonly priority: number;
}

/** The numbers of `sampling_params` that have a range. */
export interface SamplingNumbers {
  /** Null = until the context ends. */
  readonly maxNewTokens: number | null;
  readonly minNewTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly minP: number;
  readonly frequencyPenalty: number;
  readonly presencePenalty: number;
  readonly repetitionPenalty: number;
}

/** `sampling_params` with types, ranges and defaults settled, but not yet fitted to a prompt. */
export interface SamplingRequest extends SamplingNumbers {
  /** Only an explicit limit that does not fit the context is an error; the default one is clipped. */
  readonly isMaxNewTokensExplicit: boolean;
  readonly stop: readonly string[];
  readonly stopRegex: readonly StopRegex[];
  readonly stopTokenIds: readonly number[];
  readonly noStopTrim: boolean;
  readonly ignoreEos: boolean;
  /** What the answer must match; null = anything. */
  readonly grammar: Grammar | null;
  /** Tokens of a thought; null = as many as the answer may have. */
  readonly maxThinkingTokens: number | null;
  readonly skipSpecialTokens: boolean;
  /** Samples per prompt. */
  readonly n: number;
  /** `[token id, bias]` */
  readonly logitBias: readonly (readonly [number, number])[];
  /** Null = the server draws one. */
  readonly seed: number | bigint | null;
  /** Tokens per chunk of a stream; null = the server's own. */
  readonly streamInterval: number | null;
}

/** What one prompt wants scored; `startLen` -1 = outputs only. */
export interface LogprobRequest {
  readonly startLen: number;
  readonly topNum: number;
  readonly tokenIds: readonly number[];
}

/** `session_params` of a request. */
export interface SessionParams {
  readonly id: string;
  /** Request to continue from; null = a fresh root. */
  readonly rid: string | null;
  /** Keep only this much of the context; 0 = all of it. */
  readonly offset: number;
  /** First clear what came after `rid`, or everything. */
  readonly replace: boolean;
  /** Continue from the prompt of `rid` alone. */
  readonly dropPreviousOutput: boolean;
}
