import { ModelLoadError } from '../load-error.js';

/** Of modules whose path, or an end of it behind a dot, is as `matches` says. */
interface AlphaPattern {
  readonly matches: RegExp;
  readonly alpha: number;
}

/** What `adapter_config.json` says of how A and B are used. Their ranks are those of the tensors. */
export interface AdapterConfig {
  readonly rank: number;
  readonly alpha: number;
  /** The first that a module matches stands in the place of {@link alpha}. */
  readonly alphaPattern: readonly AlphaPattern[];
  /** Modules of other ranks are named. */
  readonly hasRanks: boolean;
  /** `alpha / sqrt(rank)` (rsLoRA, arXiv 2312.03732) in the place of `alpha / rank`. */
  readonly isRankStabilized: boolean;
}

/** Fields that make another network of an adapter when they are set, and what each asks for. */
const OTHER_NETWORKS: Readonly<Record<string, string>> = {
  use_dora: 'DoRA, which scales the weights themselves',
  use_qalora: 'QALoRA, whose A reads means of its inputs',
  lora_bias: 'biases in B',
  modules_to_save: "whole modules in the place of the model's own",
  trainable_token_indices: 'rows of the embedding table',
  layer_replication: 'layers that are there several times',
  ensure_weight_tying: 'one adapter of the table and the head together',
  alora_invocation_tokens: 'activation by tokens of the prompt',
  target_parameters: 'parameters that are no linear layer',
  megatron_config: 'layers of Megatron',
};

/** Initialisations that change the weights of the model too, which an adapter as it was trained counts on. */
const CHANGING_INITS = /^(pissa|olora|corda|loftq|lora_ga)/i;

/** @throws ModelLoadError in a sentence that names the file */
export function parseAdapterConfig(text: string, path: string): AdapterConfig {
  const config = parsed(text, path);
  const fail = (what: string): never => {
    throw broken(`${path} ${what}.`);
  };
  const type = config['peft_type'];
  if (type !== 'LORA')
    fail(`has the peft_type ${JSON.stringify(type ?? null)}, and only LORA is supported`);
  for (const [field, what] of Object.entries(OTHER_NETWORKS)) {
    if (isSet(config[field])) fail(`asks for ${what} ("${field}"), which is not supported`);
  }
  const init = config['init_lora_weights'];
  if (typeof init === 'string' && CHANGING_INITS.test(init)) {
    fail(
      `was initialised by "${init}", which changes the model's own weights too; save it as a plain LoRA adapter`,
    );
  }
  const rank = config['r'];
  if (!isCount(rank)) return fail('has no rank "r" that is an integer from 1');
  const alpha = config['lora_alpha'] ?? 8;
  if (typeof alpha !== 'number' || !Number.isFinite(alpha))
    return fail('has no number "lora_alpha"');
  return {
    rank,
    alpha,
    alphaPattern: alphaPattern(config['alpha_pattern'] ?? {}, fail),
    hasRanks: isSet(config['rank_pattern']),
    isRankStabilized: config['use_rslora'] === true,
  };
}

/** What A and B of a module are multiplied by. */
export function scaleOf(config: AdapterConfig, module: string, rank: number): number {
  const { alphaPattern, isRankStabilized } = config;
  const alpha = alphaPattern.find(({ matches }) => matches.test(module))?.alpha ?? config.alpha;
  return alpha / (isRankStabilized ? Math.sqrt(rank) : rank);
}

function parsed(text: string, path: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw broken(`${path} is not valid JSON.`, cause);
  }
  if (!isRecord(value)) throw broken(`${path} is not a JSON object.`);
  return value;
}

/**
 * Regular expressions that mean the same to Python and here: names, classes, choices, dots and repetitions of single
 * characters. What repeats a group may take for ever.
 */
const PLAIN_PATTERN = /^(?:[\w.^$|()-]|\(\?:|\\[.dw]|\[[\w-]+\]|(?<!\))[*+?])+$/;
const PATTERN_CHARS_MAX = 256;
const REPETITIONS_MAX = 3;

/** peft's way: `(.*\.)?(key)$` is matched from the start. */
function alphaPattern(value: unknown, fail: (what: string) => never): readonly AlphaPattern[] {
  if (!isRecord(value)) return fail('has an "alpha_pattern" that is no object');
  return Object.entries(value).map(([key, alpha]): AlphaPattern => {
    const matches = plainPattern(key);
    if (matches === null) {
      return fail(
        `has the "alpha_pattern" key ${JSON.stringify(key)}, which is no name of a module and no plain regular expression`,
      );
    }
    if (typeof alpha !== 'number' || !Number.isFinite(alpha)) {
      return fail(`has an "alpha_pattern" of ${JSON.stringify(key)} that is no number`);
    }
    return { matches, alpha };
  });
}

function plainPattern(key: string): RegExp | null {
  const numRepetitions = key.match(/[*+]/g)?.length ?? 0;
  const isPlain =
    key.length <= PATTERN_CHARS_MAX && numRepetitions <= REPETITIONS_MAX && PLAIN_PATTERN.test(key);
  if (!isPlain) return null;
  try {
    return new RegExp(`^(?:.*\\.)?(?:${key})$`);
  } catch {
    return null;
  }
}

/** Null, false, 0 and what is empty ask for nothing. */
function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isRecord(value)) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false && value !== 0;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function broken(message: string, cause?: unknown): ModelLoadError {
  return new ModelLoadError('bad_checkpoint', message, { cause });
}
