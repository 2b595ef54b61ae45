/** What the routes answer with, as far as programs read it; docs/sglang-compat.md has every field. */
import type { GenerateRequest } from './requests.js';

/** Why an answer ended, in SGLang's words. */
export interface FinishReason {
  readonly type: 'stop' | 'length' | 'abort';
  /** The token or text that ended it. */
  readonly matched?: number | string;
  /** Of a limit, in tokens. */
  readonly length?: number;
  readonly message?: string;
  readonly [name: string]: unknown;
}

export interface MetaInfo {
  readonly id: string;
  readonly finish_reason: FinishReason | null;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  /** Tokens of the prompt that came from the prefix cache. */
  readonly cached_tokens: number;
  readonly weight_version: string;
  /** Seconds; at the end. */
  readonly e2e_latency?: number;
  readonly [name: string]: unknown;
}

/** One sample of `/generate`. */
export interface Generated {
  readonly text: string;
  readonly output_ids: readonly number[];
  readonly meta_info: MetaInfo;
  /** Of a stream with several samples: which one. */
  readonly index?: number;
  readonly [name: string]: unknown;
}

/** Several prompts are a list of texts or of lists of ids. */
type Batch =
  { readonly text: readonly string[] } | { readonly input_ids: readonly (readonly number[])[] };

/** A list for several prompts; with `n` among the sampling parameters it is known only when it is there. */
export type GeneratedBy<Request extends GenerateRequest> = Request extends Batch
  ? readonly Generated[]
  : Request extends { readonly sampling_params: { readonly n: number } }
    ? Generated | readonly Generated[]
    : Generated;

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly [name: string]: unknown;
}

export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
  readonly index?: number;
}

export interface ChatChoice {
  readonly index: number;
  readonly message: {
    readonly role: 'assistant';
    readonly content: string | null;
    readonly reasoning_content: string | null;
    readonly tool_calls: readonly ToolCall[] | null;
  };
  readonly finish_reason: string;
  readonly matched_stop: number | string | null;
  readonly logprobs: unknown;
  readonly [name: string]: unknown;
}

export interface ChatCompletion {
  readonly id: string;
  readonly object: 'chat.completion';
  /** Unix seconds. */
  readonly created: number;
  readonly model: string;
  readonly choices: readonly [ChatChoice, ...ChatChoice[]];
  readonly usage: Usage;
  readonly [name: string]: unknown;
}

export interface ChatDelta {
  readonly role?: 'assistant' | null;
  readonly content?: string | null;
  readonly reasoning_content?: string | null;
  readonly tool_calls?: readonly Partial<ToolCall>[] | null;
}

export interface ChatChunkChoice {
  readonly index: number;
  readonly delta: ChatDelta;
  readonly finish_reason: string | null;
  readonly [name: string]: unknown;
}

export interface ChatCompletionChunk {
  readonly id: string;
  readonly object: 'chat.completion.chunk';
  readonly created: number;
  readonly model: string;
  /** Empty in the last chunk of a stream that was asked for its usage. */
  readonly choices: readonly ChatChunkChoice[];
  readonly usage?: Usage | null;
  readonly [name: string]: unknown;
}

export interface Embedded {
  readonly object: 'embedding';
  readonly index: number;
  /** Text with `encoding_format: "base64"`: f32, little-endian. */
  readonly embedding: readonly number[] | string;
}

export interface Embeddings {
  readonly object: 'list';
  /** In the order of the inputs. */
  readonly data: readonly Embedded[];
  readonly model: string;
  readonly usage: Usage;
}

/** One document of `/v1/rerank`. */
export interface Ranked {
  readonly score: number;
  /** Where it stood in the request. */
  readonly index: number;
  /** Left out with `return_documents: false`. */
  readonly document?: string;
  readonly meta_info: Readonly<Record<string, unknown>>;
}

export interface Classified {
  readonly index: number;
  readonly label: string;
  /** By class; they sum to 1. */
  readonly probs: readonly number[];
  readonly num_classes: number;
}

export interface Classification {
  readonly id: string;
  readonly object: 'list';
  readonly created: number;
  readonly model: string;
  readonly data: readonly Classified[];
  readonly usage: Usage;
}
