import type { Activation } from '../../activation.js';
import { fusedViews, inOrder } from '../../families/parts/fused.js';
import type { Part } from '../../families/parts/part.js';
import type { LayerPlace } from '../../families/parts/place.js';
import type { GatedMlpPlan } from '../../plan/mlp.js';

export interface GluTraits {
  readonly activation: Activation;
  /** What the checkpoint calls the linear of gate and up, the one before the other, and that behind them. */
  readonly modules: { readonly at: string; readonly fused: string; readonly down: string };
  readonly first: 'gate' | 'up';
  readonly bias: { readonly fused: boolean; readonly down: boolean };
}

/** A gated MLP whose gate and up are one linear, which may be without a bias where the one behind has one. */
export function fusedGlu({ names, config }: LayerPlace, traits: GluTraits): Part<GatedMlpPlan> {
  const { activation, modules, first, bias } = traits;
  const { hiddenSize, intermediateSize: width } = config;
  const at = names.within(modules.at);
  const gate = [`${modules.fused}.gate`, width] as const;
  const up = [`${modules.fused}.up`, width] as const;
  const linear = {
    at: at.checkpoint,
    module: modules.fused,
    in: hiddenSize,
    rows: 2 * width,
    bias: bias.fused,
  };
  return {
    plan: {
      kind: 'gated',
      activation,
      limit: null,
      gateScale: 1,
      outputScale: 1,
      gateUp: at.linear('gate_up', { in: hiddenSize, parts: [gate, up], bias: bias.fused }),
      down: at.linear('down', { in: width, parts: [[modules.down, hiddenSize]], bias: bias.down }),
    },
    views: fusedViews(linear, inOrder(first === 'gate' ? [gate, up] : [up, gate])),
  };
}
