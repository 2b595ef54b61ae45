import type { WeightFormat } from '../../core/model-spec.js';
import { countParameters, plannedLinears } from '../plan-tensors.js';
import { ModelLoadError } from '../load-error.js';
import type { LinearPlan, ModelPlan, RecurrentPlan } from '../plan.js';
import type { ModelTarget } from '../target.js';

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
  plan: ModelPlan,
  target: ModelTarget,
  wishes: Wishes = {},
): FormatChoice {
  if (requested === 'none') return { format: 'none', reason: 'as asked' };
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
  if (requested === 'w8a8_int8' && !plan.rotatable) {
    throw new ModelLoadError(
      'bad_option',
      '--quantization w8a8_int8 is not possible: this architecture cannot be rotated. Use int8.',
    );
  }
  return { format: requested, reason: 'as asked' };
}

function automatic(
  plan: ModelPlan,
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
  const inFourBits = tooLargeInEight(plan, target, memoryBytes);
  switch (preference) {
    case 'speed':
      return inFourBits ?? fastest(plan, target);
    case 'quality':
      if (target.device === 'cuda') return fastest(plan, target);
      return inFourBits ?? { format: 'int8', reason: 'the closest to float32 that is rounded' };
    case 'memory':
      return { format: 'int4', reason: 'the smallest' };
  }
}

/** Of memory, so that keys and values have some too. */
const WEIGHTS_SHARE_MAX = 0.9;

/** On a CPU: four bits where eight would leave no memory. */
function tooLargeInEight(
  plan: ModelPlan,
  { device }: ModelTarget,
  memoryBytes: number | null,
): FormatChoice | null {
  if (device !== 'cpu' || memoryBytes === null) return null;
  const bytes = plannedLinears(plan).reduce((sum, linear) => sum + linear.in * linear.out, 0);
  if (bytes <= WEIGHTS_SHARE_MAX * memoryBytes) return null;
  const gib = (of: number): string => `${(of / 2 ** 30).toFixed(1)} GiB`;
  const reason = `in 8 bits the linear layers alone are ${gib(bytes)}, and ${gib(memoryBytes)} may be used`;
  return { format: 'int4', reason };
}

function fastest(plan: ModelPlan, target: ModelTarget): FormatChoice {
  if (target.device === 'cuda') return { format: 'none', reason: `computed in ${target.compute}` };
  if (target.device === 'webgpu') return { format: 'int4', reason: 'fastest on WebGPU' };
  return plan.rotatable
    ? { format: 'w8a8_int8', reason: 'fastest on this architecture' }
    : { format: 'int8', reason: 'this architecture cannot be rotated' };
}

/** Routers and gates stay in f32, whatever the format: they are tiny, and they decide. */
export function staysFloat(plan: ModelPlan): ReadonlySet<LinearPlan> {
  const linears = plan.layers.flatMap(({ mlp, recurrent, altUp }) => [
    ...(mlp?.kind === 'moe' ? [mlp.router, mlp.shared?.gate ?? null] : []),
    altUp?.router ?? null,
    ...recurrentGates(recurrent),
  ]);
  return new Set(linears.filter((linear) => linear !== null));
}

/** What says how much a memory keeps, and takes. */
function recurrentGates(plan: RecurrentPlan | null): readonly LinearPlan[] {
  switch (plan?.kind) {
    case 'delta_net':
      return [plan.gates];
    case 'mamba1':
      return [plan.selection, plan.steps];
    case 'mamba2':
      return [plan.dt];
    default:
      return [];
  }
}

function unevenLinear(plan: ModelPlan): LinearPlan | null {
  const float = staysFloat(plan);
  const uneven = (linear: LinearPlan): boolean => linear.in % INPUT_MULTIPLE !== 0;
  return plannedLinears(plan).find((linear) => !float.has(linear) && uneven(linear)) ?? null;
}

function unevenSentence(linear: LinearPlan): string {
  return `the input of ${linear.name} is ${linear.in} wide, not a multiple of ${INPUT_MULTIPLE}`;
}
