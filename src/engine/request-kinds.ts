import type { ToScheduler } from '../messages.js';
import { EmbedRequest, type EmbedRequestInput } from './embed-request.js';
import { Generation, type GenerationInput } from './generation.js';
import type { LiveRequest } from './live-request.js';

/** All in which the engine's two kinds of requests differ on their way in. */
export interface RequestKind<Input, Request extends LiveRequest> {
  readonly create: (num: number, input: Input, createdMs: number) => Request;
  /** Submits them as one batch. */
  readonly message: (batch: number, requests: readonly Request[]) => ToScheduler;
}

export const GENERATE: RequestKind<GenerationInput, Generation> = {
  create: (num, input, createdMs) => new Generation(num, input, createdMs),
  message: (batch, generations) => ({
    kind: 'submit',
    batch,
    reqs: generations.map(({ num, input }) => ({
      ...input.req,
      num,
      hasTextStops: input.text?.hasTextStops ?? false,
    })),
  }),
};

export const EMBED: RequestKind<EmbedRequestInput, EmbedRequest> = {
  create: (num, input, createdMs) => new EmbedRequest(num, input, createdMs),
  message: (batch, texts) => ({
    kind: 'submitEmbed',
    batch,
    reqs: texts.map(({ num, input }) => ({ ...input.req, num })),
  }),
};
