import type { QuantizedFormat, WeightFormat } from '../../core/model-spec.js';
import { type AnyPlan, countParameters, plannedLinears } from '../plan/demands.js';
import { ModelLoadError } from '../load-error.js';
import type { LinearPlan } from '../plan/tensors.js';
import type { ModelTarget } from '../target.js';
import { staysFloat } from './float-linears.js';
import { expectedBytes } from './expected-bytes.js';

/** What `--quantization` accepts; SGLang's null is `auto`. */
export const QUANTIZATIONS = ['auto', 'none', 'w8a8_int8', 'int8', 'int4'] as const;
export type Quantization = (typeof QUANTIZATIONS)[number];

/** `--quantization-preference`: what `auto` looks at. */
export const PREFERENCES = ['speed', 'quality', 'memory'] as const;
export type Preference = (typeof PREFERENCES)[number];

/** Blocks of K that share a scale or a Hadamard matrix must come out even. */
const INPUT_MULTIPLE = 32;

/** Below this many parameters memory is no concern, and rounding costs the most. */
const SMALL_MODEL_PARAMETERS = 50_000_000;

export interface FormatChoice {
  readonly format: WeightFormat;
  /** One clause for the log. */
  readonly reason: string;
}

/** What `auto` goes by. */
export interface Wishes {
  readonly preference?: Preference;
  /** What weights, keys and values of a device may take together; null = nobody knows. */
  readonly memoryBytes?: number | null;
}

/**
 * The format to compute in. `auto` always finds one; a format asked for by name that the model
 * cannot have is an error that says why.
 */
export function chooseFormat(
  requested: Quantization,
  plan: AnyPlan,
  target: ModelTarget,
  wishes: Wishes = {},
): FormatChoice {
  if (requested === 'none') return { format: 'none', reason: 'as asked' };
  const isPooled = 'trunk' in plan;
  if (requested === 'auto' && isPooled) {
    return { format: 'none', reason: 'vectors are compared with those of others' };
  }
  const uneven = unevenLinear(plan);
  const obstacle = uneven === null ? null : unevenSentence(uneven);
  if (requested === 'auto') return automatic(plan, target, { obstacle, ...wishes });
  if (obstacle !== null) {
    throw new ModelLoadError(
      'bad_option',
      `--quantization ${requested} is not possible: ${obstacle}. Use auto or none.`,
    );
  }
  if (requested === 'w8a8_int8' && target.device !== 'cpu') {
    throw new ModelLoadError(
      'bad_option',
      `--quantization w8a8_int8 is not possible: it multiplies integers, which --device ${target.device} cannot. Use int8 or int4.`,
    );
  }
  if (isPooled) requirePooled(requested, plan);
  requireRoom(requested, plan, target, wishes.memoryBytes ?? null);
  return { format: requested, reason: 'as asked' };
}

/** What the layers of a model that answers with vectors can be rounded to. */
function requirePooled(requested: QuantizedFormat, plan: AnyPlan): void {
  if (requested === 'int4') {
    throw new ModelLoadError(
      'bad_option',
      '--quantization int4 is not possible: this model answers with vectors, and four bits move them too far. Use ' +
        'w8a8_int8, int8 or none.',
    );
  }
  const hasAdapters = plannedLinears(plan).some(({ parts }) =>
    parts.some(({ adapter }) => adapter),
  );
  if (!hasAdapters) return;
  throw new ModelLoadError(
    'bad_option',
    `--quantization ${requested} is not possible: the adapters of a task are computed in f32 with the weights beside ` +
      'them. Use none.',
  );
}

function automatic(
  plan: AnyPlan,
  target: ModelTarget,
  {
    obstacle,
    preference = 'speed',
    memoryBytes = null,
  }: Wishes & { readonly obstacle: string | null },
): FormatChoice {
  const parameters = countParameters(plan);
  if (parameters < SMALL_MODEL_PARAMETERS) {
    const millions = (parameters / 1e6).toFixed(1);
    return { format: 'none', reason: `${millions} M parameters are too few to be worth rounding` };
  }
  if (obstacle !== null) return { format: 'none', reason: obstacle };
  const choice = preferred(preference, target);
  return tooLargeInEight(plan, target, { wanted: choice.format, memoryBytes }) ?? choice;
}

function preferred(preference: Preference, target: ModelTarget): FormatChoice {
  switch (preference) {
    case 'speed':
      return fastest(target);
    case 'quality':
      if (target.device === 'cuda') return fastest(target);
      return { format: 'int8', reason: 'the closest to float32 that is rounded' };
    case 'memory':
      return { format: 'int4', reason: 'the smallest' };
  }
}

/** Of memory, so that keys and values have some too. */
const WEIGHTS_SHARE_MAX = 0.9;

/** On a CPU: four bits where `wanted` would leave no memory. */
function tooLargeInEight(
  plan: AnyPlan,
  target: ModelTarget,
  { wanted, memoryBytes }: { readonly wanted: WeightFormat; readonly memoryBytes: number | null },
): FormatChoice | null {
  if (target.device !== 'cpu' || memoryBytes === null) return null;
  if (wanted === 'none' || wanted === 'int4') return null;
  const bytes = expectedBytes(plan, wanted, target);
  if (bytes <= WEIGHTS_SHARE_MAX * memoryBytes) return null;
  const reason = `${wanted} takes ${gib(bytes)}, and ${gib(memoryBytes)} may be used`;
  return { format: 'int4', reason };
}

/** Before hours of work: who asks gets it unless it cannot be loaded. */
function requireRoom(
  format: QuantizedFormat,
  plan: AnyPlan,
  target: ModelTarget,
  memoryBytes: number | null,
): void {
  if (target.device !== 'cpu' || memoryBytes === null) return;
  const bytes = expectedBytes(plan, format, target);
  if (bytes <= memoryBytes) return;
  const smaller =
    format === 'int4' ? '' : ` int4 takes ${gib(expectedBytes(plan, 'int4', target))}.`;
  throw new ModelLoadError(
    'bad_option',
    `--quantization ${format} does not fit: its weights take ${gib(bytes)} of memory, and ${gib(memoryBytes)} may be used.${smaller}`,
  );
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

function fastest(target: ModelTarget): FormatChoice {
  if (target.device === 'cuda') return { format: 'none', reason: `computed in ${target.compute}` };
  if (target.device === 'webgpu') return { format: 'int4', reason: 'fastest on WebGPU' };
  return { format: 'w8a8_int8', reason: 'fastest on a CPU' };
}

function unevenLinear(plan: AnyPlan): LinearPlan | null {
  const float = staysFloat(plan);
  const uneven = (linear: LinearPlan): boolean => linear.in % INPUT_MULTIPLE !== 0;
  return plannedLinears(plan).find((linear) => !float.has(linear) && uneven(linear)) ?? null;
}

function unevenSentence(linear: LinearPlan): string {
  return `the input of ${linear.name} is ${linear.in} wide, not a multiple of ${INPUT_MULTIPLE}`;
}
