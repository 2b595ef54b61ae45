/** Made by test/checks/wire-types.ts from the tables that the parsers read by: do not edit. */

/** A body of `/v1/chat/completions`. */
export interface ChatRequest {
  /** The conversation so far. */
  readonly messages: readonly Message[];
  /** Functions that the model may call. */
  readonly tools?: readonly Tool[] | null | undefined;
  /** Whether the model may, must or must not call, or which one. */
  readonly tool_choice?:
    | 'none'
    | 'auto'
    | 'required'
    | {
        readonly function: {
          readonly name?: string | undefined;
          readonly [name: string]: unknown;
        };
        readonly [name: string]: unknown;
      }
    | null
    | undefined;
  /** Several calls in one answer. */
  readonly parallel_tool_calls?: boolean | null | undefined;
  /** `effort` and `enabled` of thoughts; what is no object says nothing. */
  readonly reasoning?:
    | {
        readonly effort?: unknown;
        readonly enabled?: unknown;
        readonly [name: string]: unknown;
      }
    | null
    | undefined;
  /** How much to think; `none` = not at all. */
  readonly reasoning_effort?:
    | 'none'
    | 'minimal'
    | 'low'
    | 'medium'
    | 'high'
    | 'xhigh'
    | 'ultra'
    | 'max'
    | number
    | null
    | undefined;
  /** Thoughts are no part of the content. */
  readonly separate_reasoning?: boolean | null | undefined;
  /** Thoughts come as they are made. */
  readonly stream_reasoning?: boolean | null | undefined;
  /** The last message is the beginning of the answer. */
  readonly continue_final_message?: boolean | null | undefined;
  /** Further variables of the chat template. */
  readonly chat_template_kwargs?: Readonly<Record<string, unknown>> | null | undefined;
  /** Any name; it is sent back. `base:adapter` asks for a LoRA adapter. */
  readonly model?: string | null | undefined;
  /** 0 = greedy. */
  readonly temperature?: number | null | undefined;
  /** Of the most probable tokens, those that make up this share. */
  readonly top_p?: number | null | undefined;
  /** So many of the most probable tokens; -1 = all. */
  readonly top_k?: number | null | undefined;
  /** Tokens less probable than this share of the best one are out. */
  readonly min_p?: number | null | undefined;
  /** Divides what was made; 1 = none. */
  readonly repetition_penalty?: number | null | undefined;
  /** Per time a token was made. */
  readonly frequency_penalty?: number | null | undefined;
  /** Once a token was made. */
  readonly presence_penalty?: number | null | undefined;
  /** Texts that end the answer; they are cut off. */
  readonly stop?: string | readonly string[] | null | undefined;
  /** Tokens that end the answer. */
  readonly stop_token_ids?: readonly (number | null)[] | null | undefined;
  /** Patterns of Python's `re` that end the answer. */
  readonly stop_regex?: string | readonly string[] | null | undefined;
  /** What ended the answer stays in its text. */
  readonly no_stop_trim?: boolean | null | undefined;
  /** End tokens end nothing. */
  readonly ignore_eos?: boolean | null | undefined;
  /** Special tokens are no text. */
  readonly skip_special_tokens?: boolean | null | undefined;
  /** Added to the logits, by token id. */
  readonly logit_bias?: Readonly<Record<string, number>> | null | undefined;
  /** Answers per prompt. */
  readonly n?: number | null | undefined;
  /** `thinking_budget`: tokens of a thought at most. */
  readonly custom_params?: Readonly<Record<string, unknown>> | null | undefined;
  /** No end token counts before so many. */
  readonly min_tokens?: number | null | undefined;
  /** Tokens of the answer at most. */
  readonly max_tokens?: number | null | undefined;
  /** Wins over `max_tokens`. */
  readonly max_completion_tokens?: number | null | undefined;
  /** 64 bits; the same seed draws the same answer. */
  readonly seed?: number | string | null | undefined;
  /** Without effect. */
  readonly best_of?: number | null | undefined;
  /** The answer comes as server-sent events. */
  readonly stream?: boolean | null | undefined;
  /** What a stream brings beside its choices. */
  readonly stream_options?:
    | {
        readonly include_usage?: boolean | null | undefined;
        readonly continuous_usage_stats?: boolean | null | undefined;
        readonly [name: string]: unknown;
      }
    | null
    | undefined;
  /** The form of the answer. */
  readonly response_format?:
    | {
        readonly type: 'text' | 'json_object' | 'json_schema' | 'structural_tag';
        readonly json_schema?:
          | {
              readonly name?: string | undefined;
              readonly schema?: unknown;
              readonly [name: string]: unknown;
            }
          | undefined;
        readonly [name: string]: unknown;
      }
    | null
    | undefined;
  /** A pattern that the answer must match. */
  readonly regex?: string | null | undefined;
  /** A grammar that the answer must match. */
  readonly ebnf?: string | null | undefined;
  /** A JSON schema that the answer must match. */
  readonly json_schema?: string | Readonly<Record<string, unknown>> | null | undefined;
  /** Tags whose contents must match schemas. */
  readonly structural_tag?: string | Readonly<Record<string, unknown>> | null | undefined;
  /** A name of the request, to abort it by; a list names each prompt. */
  readonly rid?: string | readonly string[] | null | undefined;
  /** Prefixes are shared within the same key only. */
  readonly extra_key?: string | readonly (string | null)[] | null | undefined;
  /** Like `extra_key`, on its own. */
  readonly cache_salt?: string | readonly (string | null)[] | null | undefined;
  /** With --enable-priority-scheduling. */
  readonly priority?: number | null | undefined;
  /** The device that must take it. */
  readonly routed_dp_rank?: number | null | undefined;
  /** The older name of `routed_dp_rank`. */
  readonly data_parallel_rank?: number | null | undefined;
  /** Only with `session_params` left out. */
  readonly session_id?: unknown;
  /** The session that the prompt continues. */
  readonly session_params?:
    | {
        readonly id?: string | null | undefined;
        readonly rid?: string | null | undefined;
        readonly offset?: number | null | undefined;
        readonly replace?: boolean | null | undefined;
        readonly drop_previous_output?: boolean | null | undefined;
        readonly [name: string]: unknown;
      }
    | null
    | undefined;
  /** Choices bring the final hidden state of the row that the last token was drawn from. */
  readonly return_hidden_states?: true | false | 'last' | null | undefined;
  /** The answer says why its prompt was not cached. */
  readonly return_cache_info?: boolean | null | undefined;
  /** Tokens of a thought at most; negative = no limit. */
  readonly max_thinking_tokens?: number | null | undefined;
  /** The LoRA adapter, by its name; with --enable-lora. */
  readonly lora_path?: string | readonly (string | null)[] | null | undefined;
  /** Choices bring the ids of the prompt. */
  readonly return_prompt_token_ids?: boolean | null | undefined;
  /** Choices bring the ids of prompt and answer. */
  readonly return_token_ids?: boolean | null | undefined;
  /** Choices bring the native route's `meta_info`. */
  readonly return_meta_info?: boolean | null | undefined;
  /** `sglext` says how much was cached. */
  readonly return_cached_tokens_details?: boolean | null | undefined;
  /** The whole prompt: no template then. */
  readonly input_ids?: readonly number[] | null | undefined;
  /** Log-probabilities of the answer are wanted. */
  readonly logprobs?: boolean | null | undefined;
  /** So many of the best tokens at every place. */
  readonly top_logprobs?: number | null | undefined;
}

/** A body of `/generate`. */
export interface GenerateRequest {
  /** A prompt, or a list of prompts. */
  readonly text?: string | readonly string[] | null | undefined;
  /** Token ids of a prompt, or a list of such lists; they win over `text`. */
  readonly input_ids?: readonly number[] | readonly (readonly number[])[] | null | undefined;
  /** How tokens are drawn; a list has one object a prompt. */
  readonly sampling_params?: SamplingParams | readonly (SamplingParams | null)[] | null | undefined;
  /** The answer comes as server-sent events. */
  readonly stream?: boolean | null | undefined;
  /** Log-probabilities are wanted. */
  readonly return_logprob?: boolean | readonly (boolean | null)[] | null | undefined;
  /** From this prompt token on; -1 = of the answer alone. */
  readonly logprob_start_len?: number | readonly (number | null)[] | null | undefined;
  /** So many of the best tokens at every place. */
  readonly top_logprobs_num?: number | readonly (number | null)[] | null | undefined;
  /** Of these tokens at every place. */
  readonly token_ids_logprob?:
    readonly number[] | readonly (readonly number[])[] | null | undefined;
  /** Each with its text. */
  readonly return_text_in_logprobs?: boolean | null | undefined;
  /** The answer brings the ids of its prompt. */
  readonly return_prompt_token_ids?: boolean | null | undefined;
  /** The answer begins within a thought. */
  readonly require_reasoning?: boolean | null | undefined;
  /** It goes on when its client leaves. */
  readonly background?: boolean | null | undefined;
  /** A name of the request, to abort it by; a list names each prompt. */
  readonly rid?: string | readonly string[] | null | undefined;
  /** Prefixes are shared within the same key only. */
  readonly extra_key?: string | readonly (string | null)[] | null | undefined;
  /** Like `extra_key`, on its own. */
  readonly cache_salt?: string | readonly (string | null)[] | null | undefined;
  /** With --enable-priority-scheduling. */
  readonly priority?: number | null | undefined;
  /** The device that must take it. */
  readonly routed_dp_rank?: number | null | undefined;
  /** The older name of `routed_dp_rank`. */
  readonly data_parallel_rank?: number | null | undefined;
  /** Only with `session_params` left out. */
  readonly session_id?: unknown;
  /** The session that the prompt continues. */
  readonly session_params?:
    | {
        readonly id?: string | null | undefined;
        readonly rid?: string | null | undefined;
        readonly offset?: number | null | undefined;
        readonly replace?: boolean | null | undefined;
        readonly drop_previous_output?: boolean | null | undefined;
        readonly [name: string]: unknown;
      }
    | null
    | undefined;
  /** Final hidden states of all rows, or of the last; with --enable-return-hidden-states. */
  readonly return_hidden_states?:
    true | false | 'last' | readonly (true | false | 'last')[] | null | undefined;
  /** The answer says why its prompt was not cached. */
  readonly return_cache_info?: boolean | null | undefined;
  /** Tokens of a thought at most; negative = no limit. */
  readonly max_thinking_tokens?: number | null | undefined;
  /** The LoRA adapter, by its name; with --enable-lora. */
  readonly lora_path?: string | readonly (string | null)[] | null | undefined;
  /** False: it counts in no metric. */
  readonly log_metrics?: boolean | null | undefined;
  /** It leaves no trace in the log. */
  readonly no_logs?: boolean | null | undefined;
}

/** A body of `/v1/embeddings`. */
export interface EmbedRequest {
  /** A text or a list of texts, as text or as token ids. */
  readonly input: string | readonly string[] | readonly number[] | readonly (readonly number[])[];
  /** Any name. */
  readonly model?: string | null | undefined;
  /** How numbers are written. */
  readonly encoding_format?: 'float' | 'base64' | null | undefined;
  /** A prefix of the vector, where the model was trained for it. */
  readonly dimensions?: number | null | undefined;
  /** A name of the request; a list names each text. */
  readonly rid?: string | readonly string[] | null | undefined;
}

/** A body of `/v1/rerank`. */
export interface RerankRequest {
  /** A text, or parts that are text. */
  readonly query: string | readonly Readonly<Record<string, unknown>>[];
  /** Texts; for `/rerank` and `/v2/rerank` also objects with a `text`. */
  readonly documents: readonly (string | Readonly<Record<string, unknown>>)[];
  /** Any name. */
  readonly model?: string | null | undefined;
  /** The best so many. */
  readonly top_n?: number | null | undefined;
  /** Documents come with their scores. */
  readonly return_documents?: boolean | null | undefined;
  /** What is to be judged, for a model that judges by its template. */
  readonly instruct?: string | null | undefined;
  /** A name of the request; a list names each text. */
  readonly rid?: string | readonly string[] | null | undefined;
}

/** A body of `/v1/classify`. */
export interface ClassifyRequest {
  /** A text or a list of texts, as text or as token ids. */
  readonly input: string | readonly string[] | readonly number[] | readonly (readonly number[])[];
  /** Any name. */
  readonly model?: string | null | undefined;
  /** A name of the request; a list names each text. */
  readonly rid?: string | readonly string[] | null | undefined;
}

export type SamplingParams = {
  /** Tokens of the answer at most; null = until the context ends. */
  readonly max_new_tokens?: number | null | undefined;
  /** No end token counts before so many. */
  readonly min_new_tokens?: number | null | undefined;
  /** 0 = greedy. */
  readonly temperature?: number | null | undefined;
  /** Of the most probable tokens, those that make up this share. */
  readonly top_p?: number | null | undefined;
  /** So many of the most probable tokens; -1 = all. */
  readonly top_k?: number | null | undefined;
  /** Tokens less probable than this share of the best one are out. */
  readonly min_p?: number | null | undefined;
  /** Per time a token was made. */
  readonly frequency_penalty?: number | null | undefined;
  /** Once a token was made. */
  readonly presence_penalty?: number | null | undefined;
  /** Divides what was made; 1 = none. */
  readonly repetition_penalty?: number | null | undefined;
  /** Added to the logits, by token id. */
  readonly logit_bias?: Readonly<Record<string, number>> | null | undefined;
  /** Texts that end the answer; they are cut off. */
  readonly stop?: string | readonly string[] | null | undefined;
  /** Tokens that end the answer. */
  readonly stop_token_ids?: readonly (number | null)[] | null | undefined;
  /** Patterns of Python's `re` that end the answer. */
  readonly stop_regex?: string | readonly string[] | null | undefined;
  /** What ended the answer stays in its text. */
  readonly no_stop_trim?: boolean | null | undefined;
  /** End tokens end nothing. */
  readonly ignore_eos?: boolean | null | undefined;
  /** Answers per prompt. */
  readonly n?: number | null | undefined;
  /** Special tokens are no text. */
  readonly skip_special_tokens?: boolean | null | undefined;
  /** Without effect. */
  readonly spaces_between_special_tokens?: boolean | null | undefined;
  /** 64 bits; the same seed draws the same answer. */
  readonly sampling_seed?: number | string | null | undefined;
  /** A JSON schema, as text, that the answer must match. */
  readonly json_schema?: string | null | undefined;
  /** A pattern that the answer must match. */
  readonly regex?: string | null | undefined;
  /** A grammar that the answer must match. */
  readonly ebnf?: string | null | undefined;
  /** Tags, as JSON text, whose contents must match schemas. */
  readonly structural_tag?: string | null | undefined;
  /** `thinking_budget`: tokens of a thought at most. */
  readonly custom_params?: Readonly<Record<string, unknown>> | null | undefined;
  /** Tokens per chunk of a stream. */
  readonly stream_interval?: number | null | undefined;
};

export type Message = {
  readonly role: string;
  readonly content?: string | readonly unknown[] | null | undefined;
  readonly name?: string | null | undefined;
  readonly tool_calls?: readonly unknown[] | null | undefined;
  readonly tool_call_id?: string | null | undefined;
  readonly reasoning_content?: string | null | undefined;
  readonly [name: string]: unknown;
};

export type Tool = {
  readonly type?: string | null | undefined;
  readonly function: {
    readonly name: string;
    readonly description?: string | null | undefined;
    readonly parameters?: Readonly<Record<string, unknown>> | boolean | null | undefined;
    readonly strict?: boolean | null | undefined;
    readonly [name: string]: unknown;
  };
  readonly [name: string]: unknown;
};
