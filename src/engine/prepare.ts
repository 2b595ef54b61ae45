import { RequestError } from '../core/errors.js';
import type { LogprobWants } from '../core/sampling-params.js';
import { fitLogprobs, fitPrompt, fitSampling, type RequestLimits } from './fit-request.js';
import type { GenerationInput } from './generation.js';
import type { GenerateEntry, GenerateRequest, Prompt } from './request.js';
import type { SeedSource } from './seeds.js';
import { seedOf } from './seeds.js';
import { TextAssembler } from './text-assembler.js';
import type { Tokenizer } from '../text/tokenizer.js';

const NOT_GENERATION =
  'This model does not generate text: it was launched as an embedding model. Use /encode, /classify, /v1/embeddings or /v1/rerank.';

/** Texts above this are tokenized off the main thread: a megabyte takes seconds. */
const LONG_TEXT_CHARS = 32 * 1024;

export interface PrepareDeps {
  /** False on an embedding model, which makes no tokens. */
  readonly isGeneration: boolean;
  readonly tokenizer: Tokenizer | null;
  readonly tokenizeLong: (text: string, addSpecialTokens?: boolean) => Promise<Int32Array>;
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
  const ids = await Promise.all(request.entries.map(({ prompt }) => promptIds(prompt, deps)));
  return request.entries.flatMap((entry, i) =>
    samplesOf(entry, inContext(ids[i] ?? new Int32Array(0)), deps),
  );
}

async function promptIds(prompt: Prompt, deps: PrepareDeps): Promise<Int32Array> {
  return prompt.kind === 'ids' ? prompt.ids : encodeText(prompt.text, true, deps);
}

/** `addSpecialTokens` false = the text has them already, as a rendered chat template does. */
export async function encodeText(
  text: string,
  addSpecialTokens: boolean,
  { tokenizer, tokenizeLong }: Pick<PrepareDeps, 'tokenizer' | 'tokenizeLong'>,
): Promise<Int32Array> {
  if (tokenizer === null) throw new Error('This is a bug: text without a tokenizer.');
  if (text.length > LONG_TEXT_CHARS) return tokenizeLong(text, addSpecialTokens);
  return tokenizer.encode(text, addSpecialTokens);
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

/** Requests share cached prefixes only within one namespace. */
function namespaceOf({ extraKey, cacheSalt }: GenerateEntry): string {
  return extraKey === null && cacheSalt === null ? '' : JSON.stringify([extraKey, cacheSalt]);
}
