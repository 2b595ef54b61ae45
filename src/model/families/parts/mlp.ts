import type { Activation } from '../../activation.js';
import type { GatedMlpPlan, PlainMlpPlan } from '../../plan.js';
import type { ConfigFields } from '../config-fields.js';
import type { Names } from './names.js';
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
  readonly modules?: GatedModules & { readonly at: string };
}

/** The dense MLP of a layer, `down(activation(gate x) * up x)`. */
export function gatedMlp(
  { names, config }: LayerPlace,
  { activation, bias = false, modules = { at: 'mlp', ...GATED } }: GatedTraits,
): GatedMlpPlan {
  const sizes = { hiddenSize: config.hiddenSize, width: config.intermediateSize };
  return gated(names.within(modules.at), sizes, { activation, bias, modules });
}

/** A gated MLP of any place and width. */
export function gated(
  names: Names,
  { hiddenSize, width }: { readonly hiddenSize: number; readonly width: number },
  {
    activation,
    bias = false,
    modules = GATED,
  }: GatedTraits | (Omit<GatedTraits, 'modules'> & { readonly modules?: GatedModules }),
): GatedMlpPlan {
  const { gate, up, down } = modules;
  return {
    kind: 'gated',
    activation,
    gateUp: names.linear('gate_up', {
      in: hiddenSize,
      parts: [
        [gate, width],
        [up, width],
      ],
      bias,
    }),
    down: names.linear('down', { in: width, parts: [[down, hiddenSize]], bias }),
  };
}

export interface PlainTraits {
  readonly activation: Activation;
  readonly bias: boolean;
  readonly modules: { readonly at: string; readonly up: string; readonly down: string };
}

/** `down(activation(up x))` */
export function plainMlp(
  { names, config }: LayerPlace,
  { activation, bias, modules }: PlainTraits,
): PlainMlpPlan {
  const { hiddenSize, intermediateSize } = config;
  const at = names.within(modules.at);
  return {
    kind: 'plain',
    activation,
    up: at.linear('up', { in: hiddenSize, parts: [[modules.up, intermediateSize]], bias }),
    down: at.linear('down', { in: intermediateSize, parts: [[modules.down, hiddenSize]], bias }),
  };
}
