import type { ToScheduler } from '../messages.js';
import { EmbedRequest, type EmbedRequestInput } from './embed-request.js';
import { Generation, type GenerationInput } from './generation.js';
import type { AnyRequest } from './live-requests.js';

/** All in which the engine's two kinds of requests differ on their way in. */
export interface RequestKind<Input, Request extends AnyRequest> {
  readonly create: (num: number, input: Input, createdMs: number) => Request;
  /** Submits them as one batch. */
  readonly message: (batch: number, requests: readonly Request[]) => ToScheduler;
}

export const GENERATE: RequestKind<GenerationInput, Generation> = {
  create: (num, input, createdMs) => new Generation(num, input, createdMs),
  message: (batch, generations) => ({
    kind: 'submit',
    batch,
    reqs: generations.map(({ num, input }) => {
      const hasTextStops = input.text?.hasTextStops ?? false;
      return { ...input.req, num, hasTextStops };
    }),
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
