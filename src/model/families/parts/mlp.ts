import type { Activation } from '../../activation.js';
import type { GatedMlpPlan, PlainMlpPlan, XieluPlan } from '../../plan/mlp.js';
import type { TensorPlan } from '../../plan/tensors.js';
import type { ConfigFields } from '../config-fields.js';
import { fusedViews, inOrder, turned, turnedViews } from './fused.js';
import type { Names } from './names.js';
import type { Part } from './part.js';
import type { LayerPlace } from './place.js';

/** Names of activations in config.json. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  relu: 'relu',
  relu2: 'relu2',
};

/** Reads `field`, which each family calls its own name. `fallback` is a name as config.json has it. */
export function readActivation(
  fields: ConfigFields,
  field = 'hidden_act',
  fallback = 'silu',
): Activation {
  return fields.oneOf(field, ACTIVATIONS, fallback);
}

export interface GatedModules {
  readonly gate: string;
  readonly up: string;
  readonly down: string;
}

const GATED: GatedModules = { gate: 'gate_proj', up: 'up_proj', down: 'down_proj' };

export interface GatedTraits {
  readonly activation: Activation;
  readonly bias?: boolean;
  /** Of the gate before the activation, and of what the MLP gives; default: 1. */
  readonly gateScale?: number;
  readonly outputScale?: number;
  readonly limit?: number | null;
  /** Of the gate: `GatedMlpPlan.sparsity`; default: it is not sparse. */
  readonly sparsity?: number | undefined;
  /** Gate and up as one linear, the gate first; default: they are linears of their own. */
  readonly fused?: string;
  readonly modules?: Partial<GatedModules> & { readonly at?: string };
}

/** The dense MLP of a layer, `down(activation(gate x) * up x)`. */
export function gatedMlp(
  { names, config }: LayerPlace,
  { modules = {}, ...traits }: GatedTraits,
): Part<GatedMlpPlan> {
  const { at = 'mlp', ...own } = modules;
  const sizes = { hiddenSize: config.hiddenSize, width: config.intermediateSize };
  return gated(names.within(at), sizes, { ...traits, modules: own });
}

/** A gated MLP of any place and width. */
export function gated(
  names: Names,
  { hiddenSize, width }: { readonly hiddenSize: number; readonly width: number },
  {
    activation,
    bias = false,
    gateScale = 1,
    outputScale = 1,
    limit = null,
    sparsity,
    fused,
    modules = {},
  }: GatedTraits,
): Part<GatedMlpPlan> {
  const { gate, up, down } = { ...GATED, ...modules };
  const parts = [
    [gate, width],
    [up, width],
  ] as const;
  const plan: GatedMlpPlan = {
    kind: 'gated',
    activation,
    gateScale,
    outputScale,
    limit,
    ...(sparsity === undefined ? {} : { sparsity }),
    gateUp: names.linear('gate_up', { in: hiddenSize, parts, bias }),
    down: names.linear('down', { in: width, parts: [[down, hiddenSize]], bias }),
  };
  if (fused === undefined) return { plan, views: [] };
  const linear = { at: names.checkpoint, module: fused, in: hiddenSize, rows: 2 * width, bias };
  return { plan, views: fusedViews(linear, inOrder(parts)) };
}

/** What most checkpoints call a plain MLP and its linears. */
export const UP_DOWN: PlainTraits['modules'] = { at: 'mlp', up: 'up_proj', down: 'down_proj' };

export interface PlainTraits {
  /** A learned one has two numbers of its own in the checkpoint. */
  readonly activation: Activation | LearnedActivation;
  readonly bias: boolean;
  /** Weights are transposed (Conv1D). */
  readonly isTransposed?: boolean;
  readonly modules: PlainModules & { readonly at: string };
}

/** Whether its factors are rounded to bf16. */
export type LearnedActivation = Pick<XieluPlan, 'kind' | 'isRounded'>;

interface PlainModules {
  readonly up: string;
  readonly down: string;
}

/** The dense MLP of a layer, `down(activation(up x))`. */
export function plainMlp(
  { names, config }: LayerPlace,
  { modules, ...traits }: PlainTraits,
): Part<PlainMlpPlan> {
  const { hiddenSize, intermediateSize: width } = config;
  return plain(names.within(modules.at), { hiddenSize, width }, { ...traits, modules });
}

/** A plain MLP of any place and width. */
export function plain(
  at: Names,
  { hiddenSize, width }: { readonly hiddenSize: number; readonly width: number },
  {
    activation,
    bias,
    isTransposed = false,
    modules,
  }: Omit<PlainTraits, 'modules'> & { readonly modules: PlainModules },
): Part<PlainMlpPlan> {
  const named = (module: string): string => (isTransposed ? turned(module) : module);
  const up = at.linear('up', {
    in: hiddenSize,
    parts: [[named(modules.up), width]],
    bias,
  });
  const down = at.linear('down', {
    in: width,
    parts: [[named(modules.down), hiddenSize]],
    bias,
  });
  const views = [
    { module: modules.up, in: hiddenSize, rows: width },
    { module: modules.down, in: width, rows: hiddenSize },
  ].flatMap((linear) => (isTransposed ? turnedViews({ at: at.checkpoint, bias, ...linear }) : []));
  const own = typeof activation === 'string' ? activation : xielu(at, activation);
  return { plan: { kind: 'plain', activation: own, up, down }, views };
}

function xielu(names: Names, learned: LearnedActivation): XieluPlan {
  const number = (name: string, parameter: string): TensorPlan =>
    names.tensor(`xielu.${name}`, `act_fn.${parameter}`, [1]);
  const [positive, negative] = [number('positive', 'alpha_p'), number('negative', 'alpha_n')];
  return { ...learned, positive, negative };
}
