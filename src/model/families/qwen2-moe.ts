import type { ConfigFields } from './config-fields.js';
import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { type ExpertTraits, readExpertSizes, routedMlp, softmaxRouting } from './parts/experts.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { isOfVersion5 } from './saved-by.js';
import { qwenWindow, windowsByLayer } from './sliding-window.js';

const architecture = 'Qwen2MoeForCausalLM';

/** Qwen2 whose MLPs are routed experts beside a shared one behind a sigmoid gate. */
export const qwen2Moe: ModelFamily = {
  architecture,
  models: 'Qwen1.5-MoE, Qwen2-57B-A14B',
  defaults: {
    num_experts: 60,
    num_experts_per_tok: 4,
    moe_intermediate_size: 1408,
    shared_expert_intermediate_size: 5632,
  },
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'qwen2_moe',
    });
    const qkvBias = fields.boolean('qkv_bias', true);
    const windows = readWindows(fields);
    const experts = readExperts(fields);
    const routes = routedLayers(fields);
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias, window: windows[place.index] ?? null }),
          mlp:
            experts !== null && routes(place.index)
              ? routedMlp(place, { ...experts, activation })
              : gatedMlp(place, { activation }),
        }),
    });
  },
};

/** Of all layers in version 4 of transformers; from version 5 on `layer_types` says it, or `max_window_layers`. */
function readWindows(fields: ConfigFields): readonly (number | null)[] {
  const first = fields.count('max_window_layers', 28);
  const slides = isOfVersion5(fields)
    ? (layer: number) => layer % 2 === 0 && layer < first
    : () => true;
  return windowsByLayer(fields, qwenWindow(fields), slides);
}

/** Null where there are none: every layer is dense. */
function readExperts(fields: ConfigFields): Omit<ExpertTraits, 'activation'> | null {
  const sizes = readExpertSizes(fields, {
    count: 'num_experts',
    topK: 'num_experts_per_tok',
    least: 0,
  });
  if (sizes.numExperts === 0) return null;
  return {
    ...sizes,
    width: fields.size('moe_intermediate_size'),
    routing: softmaxRouting(fields.boolean('norm_topk_prob', false)),
    shared: {
      width: fields.size('shared_expert_intermediate_size'),
      module: 'shared_expert',
      gate: 'shared_expert_gate',
    },
  };
}

/** Which layers route: `mlp_only_layers` and `decoder_sparse_step` may leave none. */
export function routedLayers(fields: ConfigFields): (layer: number) => boolean {
  const dense = new Set(fields.counts('mlp_only_layers'));
  const step = fields.size('decoder_sparse_step', 1);
  return (layer) => !dense.has(layer) && (layer + 1) % step === 0;
}
