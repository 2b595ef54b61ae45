import type { GenerateRequest } from '../../engine/request.js';
import type { FinishReason } from '../../core/finish-reason.js';
import type { Sent } from '../../engine/content.js';
import type { Generation } from '../../engine/generation.js';
import type { ExtrasRequest } from './choice-extras.js';

/** A body of one of the OpenAI routes as the native request it comes down to, and how to show its answer. */
export interface OpenAiRequest {
  readonly model: string;
  readonly includeUsage: boolean;
  readonly continuousUsage: boolean;
  readonly extras: ExtrasRequest;
  readonly generate: GenerateRequest;
  readonly choices: ChoiceRenderer;
}

/** How one of the OpenAI routes shows a sample as an entry of `choices`. */
export interface ChoiceRenderer {
  readonly object: string;
  readonly chunkObject: string;
  /** A sample that has ended. */
  whole(generation: Generation, index: number): Choice;
  /** What is new, one choice per chunk; empty = nothing to say yet. */
  chunks(generation: Generation, index: number, sent: Sent): readonly Choice[];
  /** A choice of a chunk that brings nothing of the answer but `part`. */
  beside(index: number, part: Readonly<Record<string, unknown>>): Choice;
}

export type Choice = Readonly<Record<string, unknown>>;

export interface Ending {
  readonly finish_reason: FinishReason['type'] | 'tool_calls' | null;
  /** SGLang's extra: the stop token id, string or pattern; null for every other ending. */
  readonly matched_stop: number | string | null;
}

export function endingOf({ finish }: Generation): Ending {
  return {
    finish_reason: finish?.type ?? null,
    matched_stop: finish?.type === 'stop' ? finish.matched : null,
  };
}

export const UNFINISHED: Ending = { finish_reason: null, matched_stop: null };
