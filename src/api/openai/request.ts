import type { ChoiceRenderer } from './choice.js';
import type { GenerateRequest } from '../../engine/request.js';

/** A body of one of the OpenAI routes as the native request it comes down to, and how to show its answer. */
export interface OpenAiRequest {
  readonly model: string;
  readonly includeUsage: boolean;
  readonly continuousUsage: boolean;
  readonly generate: GenerateRequest;
  readonly choices: ChoiceRenderer;
}
