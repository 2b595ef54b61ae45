import { randomInt } from 'node:crypto';

import type { ResolvedArgs } from '../config/server-args.js';
import { RequestError, StartupError } from '../core/errors.js';
import type { ThoughtMarks } from '../core/thought.js';
import type { Adapters } from '../engine/adapters.js';
import { EncodeQueue } from '../engine/encode-queue.js';
import type { Engine } from '../engine/engine.js';
import type { GrammarCompiler } from '../engine/grammars.js';
import type { RequestLimits } from '../engine/fit-request.js';
import { SeedSource } from '../engine/seeds.js';
import type { ServedModel, ServingLimits } from '../engine/served-model.js';
import { Sessions } from '../engine/sessions.js';
import { reasoningFormat } from '../text/reasoning/registry.js';
import { RegexPool } from '../text/regex-budget.js';
import type { GenerateContext } from './native/generate-request.js';
import type { GenerateDeps } from './native/generate.js';
import { parseSamplingParams } from './native/sampling-request.js';

export interface GenerationParts {
  readonly args: ResolvedArgs;
  readonly engine: Engine;
  /** Null with `--grammar-backend none`. */
  readonly grammars: GrammarCompiler | null;
  readonly model: ServedModel;
  readonly limits: ServingLimits;
  /** Default: LoRA is off. */
  readonly adapters?: Adapters | null;
}

/** What every route that generates shares: queues, pools, sessions and what the model allows. @throws StartupError */
export async function createGeneration(deps: GenerationParts): Promise<GenerateDeps> {
  const { args, engine, model, limits, adapters = null } = deps;
  const firstIds = await model.tokenizer?.encode('');
  const requestLimits: RequestLimits = {
    contextLength: model.spec.contextLength,
    maxTotalTokens: limits.maxTotalTokens,
    slotLength: limits.slotLength,
    vocabSize: model.spec.vocabSize,
    allowAutoTruncate: args.allowAutoTruncate,
  };
  const context: GenerateContext = {
    vocabSize: model.spec.vocabSize,
    hasTokenizer: model.tokenizer !== null,
    disableRadixCache: args.disableRadixCache,
    dpSize: args.dpSize,
    takesAdapters: adapters !== null,
    hiddenStatesMode:
      args.returnHiddenStatesMode ?? (args.enableReturnHiddenStates ? 'full' : null),
    thoughtTags: await thoughtTags(model),
    preferredSamplingParams: args.preferredSamplingParams,
    priority: {
      isEnabled: args.enablePriorityScheduling,
      lowValuesFirst: args.scheduleLowPriorityValuesFirst,
      defaultValue: args.defaultPriorityValue,
      abortWhenDisabled: args.abortOnPriorityWhenDisabled,
    },
  };
  checkPreferredParams(context);
  return {
    engine,
    isGeneration: model.spec.embedding === null,
    tokenizer: model.tokenizer,
    encodeQueue: new EncodeQueue(),
    eosTokenIds: model.eosTokenIds,
    grammars: deps.grammars,
    limits: requestLimits,
    hiddenSize: model.spec.hiddenSize,
    adapters,
    seeds: new SeedSource(args.randomSeed ?? randomInt(2 ** 32)),
    regexPool: new RegexPool(),
    context,
    weights: model.weights,
    sessions: new Sessions({
      nowMs: () => performance.now(),
      abort: (generation) => {
        engine.abort(generation);
      },
      bosTokenId: firstIds?.[0] ?? null,
    }),
    streamInterval: args.streamInterval,
    isIncremental: args.incrementalStreamingOutput,
  };
}

async function thoughtTags({ tokenizer, parsers }: ServedModel): Promise<ThoughtMarks | null> {
  const format = parsers.reasoning === null ? null : reasoningFormat(parsers.reasoning);
  if (format === null || tokenizer === null) return null;
  const idsOf = async (tag: string): Promise<number[]> => [...(await tokenizer.encode(tag, false))];
  return { start: await idsOf(format.start), end: await idsOf(format.end) };
}

/** What no request could be answered with is found now, not by the first request. @throws StartupError */
function checkPreferredParams(context: GenerateContext): void {
  try {
    parseSamplingParams(context.preferredSamplingParams ?? {}, context);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    throw new StartupError(`--preferred-sampling-params: ${error.message}`);
  }
}
