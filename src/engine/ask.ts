/** From a request's parts to what {@link answer} takes, for either kind of model. */
import type { Ask } from './answer.js';
import type { EmbedRequest, EmbedRequestInput } from './embed-request.js';
import type { Generation, GenerationInput } from './generation.js';
import { prepareInputs, type PrepareDeps } from './prepare.js';
import type { GenerateRequest } from './request.js';
import { EMBED, GENERATE } from './request-kinds.js';
import type { Sessions } from './sessions.js';

export type GenerateAsk = Ask<GenerationInput, Generation>;
export type EmbedAsk = Ask<EmbedRequestInput, EmbedRequest>;

export interface GenerateServices extends Omit<PrepareDeps, 'allAborted'> {
  readonly sessions: Sessions;
  /** `--stream-interval`, in tokens. */
  readonly streamInterval: number;
}

/** Tokenizes the prompts, and puts a session's request behind what the session holds. */
export function askGenerate(
  request: GenerateRequest,
  services: GenerateServices,
  show: GenerateAsk['show'],
): GenerateAsk {
  const { session } = request;
  const { sessions } = services;
  return {
    kind: GENERATE,
    rids: request.entries.flatMap(({ rids }) => rids),
    prepare: (allAborted) =>
      prepareInputs(request, { ...services, allAborted }, (ids) =>
        session === null ? ids : sessions.extend(session, ids),
      ),
    onAccepted: (generations) => {
      if (session === null) return;
      for (const generation of generations) sessions.add(session, generation);
    },
    survivesClient: request.background,
    show,
  };
}

/** Tokens per chunk of a stream, by sample. */
export function streamIntervals(
  { entries }: GenerateRequest,
  { streamInterval }: Pick<GenerateServices, 'streamInterval'>,
): readonly number[] {
  return entries.flatMap(({ rids, sampling }) =>
    rids.map(() => sampling.streamInterval ?? streamInterval),
  );
}

export function askEmbed(
  rids: readonly string[],
  prepare: EmbedAsk['prepare'],
  show: EmbedAsk['show'],
): EmbedAsk {
  return { kind: EMBED, rids, prepare, onAccepted: () => undefined, survivesClient: false, show };
}
