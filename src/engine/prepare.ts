import { RequestError } from '../core/errors.js';
import type { LogprobWants } from '../core/sampling-params.js';
import { fitLogprobs, fitPrompt, fitSampling, type RequestLimits } from './fit-request.js';
import type { GenerationInput } from './generation.js';
import type { GenerateEntry, GenerateRequest } from './request.js';
import type { SeedSource } from './seeds.js';
import { seedOf } from './seeds.js';
import { TextAssembler } from './text-assembler.js';
import { encoderFor, type EncodeDeps } from './encode.js';

const NO_IDS = new Int32Array(0);
const NOT_GENERATION =
  'This model does not generate text: it was launched as an embedding model. Use /encode, /classify, /v1/embeddings or /v1/rerank.';

export interface PrepareDeps extends EncodeDeps {
  /** False on an embedding model, which makes no tokens. */
  readonly isGeneration: boolean;
  readonly eosTokenIds: readonly number[];
  readonly limits: RequestLimits;
  readonly seeds: SeedSource;
}

/**
 * Tokenizes and fits all prompts: the flat list of samples, prompt by prompt. `inContext` makes the whole
 * prompt of what a session's request brings. @throws RequestError
 */
export async function prepareInputs(
  request: GenerateRequest,
  deps: PrepareDeps,
  inContext: (ids: Int32Array) => Int32Array = (ids) => ids,
): Promise<readonly GenerationInput[]> {
  if (!deps.isGeneration) throw new RequestError('INVALID_REQUEST', NOT_GENERATION);
  const ids = await promptIds(request.entries, deps);
  return request.entries.flatMap((entry, i) => samplesOf(entry, inContext(ids[i] ?? NO_IDS), deps));
}

function promptIds(entries: readonly GenerateEntry[], deps: PrepareDeps): Promise<Int32Array[]> {
  const prompts = entries.map(({ prompt }) => prompt);
  const numChars = prompts.reduce(
    (sum, one) => sum + (one.kind === 'text' ? one.text.length : 0),
    0,
  );
  const encode = encoderFor(numChars, deps);
  return Promise.all(
    prompts.map(async (one) => (one.kind === 'ids' ? one.ids : encode(one.text, true))),
  );
}

function samplesOf(entry: GenerateEntry, ids: Int32Array, deps: PrepareDeps): GenerationInput[] {
  const { sampling } = entry;
  const inputIds = fitPrompt(ids, sampling, deps.limits);
  const logprobs: LogprobWants | null = fitLogprobs(entry.logprobs, inputIds.length);
  const seed = sampling.seed === null ? deps.seeds.next() : seedOf(sampling.seed);
  return entry.rids.map((rid, sampleIndex) => {
    const fit = { promptLen: inputIds.length, eosTokenIds: deps.eosTokenIds, seed, sampleIndex };
    const params = fitSampling(sampling, fit, deps.limits);
    return {
      req: {
        rid,
        inputIds,
        sampling: params,
        logprobs,
        namespace: namespaceOf(entry),
        dpRank: entry.dpRank,
        priority: entry.priority,
      },
      isUnmetered: entry.isUnmetered,
      isUnlogged: entry.isUnlogged,
      text:
        deps.tokenizer === null
          ? null
          : new TextAssembler(deps.tokenizer, {
              stop: sampling.stop,
              stopRegex: sampling.stopRegex,
              noStopTrim: sampling.noStopTrim,
              skipSpecialTokens: sampling.skipSpecialTokens,
              stopTokenIds: new Set(params.stopTokenIds),
            }),
    };
  });
}

/**
 * Requests share cached prefixes only within one namespace. Whoever names one gets it under the own key: another
 * key's salt, guessed or overheard, leads elsewhere. Without a name all share, as in SGLang.
 */
function namespaceOf({ extraKey, cacheSalt, tenant }: GenerateEntry): string {
  if (extraKey === null && cacheSalt === null) return '';
  return JSON.stringify([extraKey, cacheSalt, tenant]);
}
