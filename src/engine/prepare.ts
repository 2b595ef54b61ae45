import { refuse, RequestError } from '../core/errors.js';
import { endingTokenIds, type LogprobWants } from '../core/sampling-params.js';
import type { Adapters, AdapterUse } from './adapters.js';
import { checkHiddenCost } from './fit-hidden.js';
import { checkLogprobCost, fitLogprobs } from './fit-logprobs.js';
import { prepareGrammars, type GrammarDeps } from './grammars.js';
import { fitPrompt, fitSampling, type RequestLimits } from './fit-request.js';
import type { GenerationInput } from './generation.js';
import type { GenerateEntry, GenerateRequest } from './request.js';
import type { SeedSource } from './seeds.js';
import { seedOf } from './seeds.js';
import { withAdapters } from './use-adapters.js';
import type { RegexMeter, RegexPool } from '../text/regex-budget.js';
import { TextAssembler } from './text-assembler.js';
import { ThoughtCounter } from '../core/thought.js';
import { checkTextLengths, encoderFor, type EncodeDeps } from './encode.js';

/** Stop strings and patterns, times samples, of one request. */
export const MAX_SAMPLE_STOPS = 65_536;
/** Patterns, times samples: each pair is searched by itself. */
export const MAX_SAMPLE_REGEXES = 2048;
/** UTF-16 units of all stop strings of one request. */
export const MAX_STOP_CHARS = 4 * 1024 * 1024;
const NO_IDS = new Int32Array(0);
const NOT_GENERATION =
  'This model does not generate text: it was launched as an embedding model. Use /encode, /classify, /v1/embeddings or /v1/rerank.';

export interface PrepareDeps extends EncodeDeps, GrammarDeps {
  /** False on an embedding model, which makes no tokens. */
  readonly isGeneration: boolean;
  readonly limits: RequestLimits;
  /** Numbers in the hidden state of a row. */
  readonly hiddenSize: number;
  /** Null = LoRA is off. */
  readonly adapters: Adapters | null;
  readonly seeds: SeedSource;
  readonly regexPool: RegexPool;
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
  checkStops(request.entries);
  const ids = await promptIds(request.entries, deps);
  await prepareGrammars(request.entries, deps);
  return withAdapters(request.entries, deps.adapters, (uses) => {
    const meter = deps.regexPool.meter();
    const inputs = request.entries.flatMap((entry, i) =>
      samplesOf(entry, inContext(ids[i] ?? NO_IDS), { ...deps, meter, uses: uses[i] ?? [] }),
    );
    checkLogprobCost(inputs, request.stream);
    checkHiddenCost(inputs, deps.hiddenSize, request.stream);
    return inputs;
  });
}

/** A request pays for each of its stops in every sample, and for the tables of each list of stops. */
function checkStops(entries: readonly GenerateEntry[]): void {
  let numStops = 0;
  let numRegexes = 0;
  const lists = new Set<readonly string[]>();
  for (const { rids, sampling } of entries) {
    numStops += rids.length * (sampling.stop.length + sampling.stopRegex.length);
    numRegexes += rids.length * sampling.stopRegex.length;
    lists.add(sampling.stop);
  }
  if (numStops > MAX_SAMPLE_STOPS) {
    refuse(
      `stop and stop_regex may have at most ${MAX_SAMPLE_STOPS} entries over all samples of a request, got ${numStops}.`,
    );
  }
  if (numRegexes > MAX_SAMPLE_REGEXES) {
    refuse(
      `stop_regex may have at most ${MAX_SAMPLE_REGEXES} entries over all samples of a request, got ${numRegexes}.`,
    );
  }
  const numChars = [...lists].flat().reduce((sum, stop) => sum + stop.length, 0);
  if (numChars > MAX_STOP_CHARS) {
    refuse(`stop may have at most ${MAX_STOP_CHARS} characters in a request, got ${numChars}.`);
  }
}

/** The tokens of each prompt. @throws RequestError */
export async function promptIds(
  entries: readonly GenerateEntry[],
  deps: EncodeDeps & Pick<PrepareDeps, 'limits'>,
): Promise<Int32Array[]> {
  const prompts = entries.map(({ prompt }) => prompt);
  const lengths = prompts.map((one) => (one.kind === 'text' ? one.text.length : 0));
  checkTextLengths(lengths, deps.tokenizer, deps.limits);
  const encoder = encoderFor(deps);
  return Promise.all(
    prompts.map(async (one) => (one.kind === 'ids' ? one.ids : encoder.text(one.text, true))),
  );
}

function samplesOf(
  entry: GenerateEntry,
  ids: Int32Array,
  deps: PrepareDeps & { readonly meter: RegexMeter; readonly uses: readonly AdapterUse[] },
): GenerationInput[] {
  const { sampling } = entry;
  const { meter } = deps;
  const inputIds = fitPrompt(ids, sampling, deps.limits);
  const logprobs: LogprobWants | null = fitLogprobs(entry.logprobs, inputIds.length);
  const seed = sampling.seed === null ? deps.seeds.next() : seedOf(sampling.seed);
  return entry.rids.map((rid, sampleIndex) => {
    const adapter = deps.uses[sampleIndex] ?? null;
    const { thought } = entry;
    const { eosTokenIds } = deps;
    const fit = { promptLen: inputIds.length, eosTokenIds, thought, seed, sampleIndex };
    const params = fitSampling(sampling, fit, deps.limits);
    return {
      req: {
        rid,
        inputIds,
        sampling: params,
        logprobs,
        hiddenStates: entry.hiddenStates,
        grammar: sampling.grammar,
        ...(adapter !== null && { adapter: adapter.id }),
        namespace: namespaceOf(entry, adapter),
        tenant: entry.tenant,
        explainsMiss: entry.explainsMiss,
        dpRank: entry.dpRank,
        priority: entry.priority,
      },
      adapter,
      isUnmetered: entry.isUnmetered,
      isUnlogged: entry.isUnlogged,
      thought: thought === null ? null : new ThoughtCounter(thought),
      text:
        deps.tokenizer === null
          ? null
          : new TextAssembler(deps.tokenizer, {
              stop: sampling.stop,
              stopRegex: sampling.stopRegex,
              noStopTrim: sampling.noStopTrim,
              skipSpecialTokens: sampling.skipSpecialTokens,
              stopTokenIds: endingTokenIds(params),
              meter,
              prompt: inputIds,
            }),
    };
  });
}

/**
 * Requests share cached prefixes only within one namespace. Whoever names one gets it under the own key: another
 * key's salt, guessed or overheard, leads elsewhere. Without a name all share, as in SGLang. What an adapter computed
 * belongs to that load of it.
 */
export function namespaceOf(
  { extraKey, cacheSalt, tenant }: GenerateEntry,
  adapter: AdapterUse | null,
): string {
  const names = extraKey === null && cacheSalt === null ? [] : [extraKey, cacheSalt, tenant];
  const load = adapter === null ? [] : [{ adapter: adapter.id }];
  return names.length + load.length === 0 ? '' : JSON.stringify([...names, ...load]);
}
