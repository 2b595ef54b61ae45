import type { ConfigFields } from './config-fields.js';
import type { MoeConfig } from './model-config.js';
import { readDecoderConfig } from './decoder-config.js';
import { decoderPlan } from './decoder-plan.js';
import type { ModelFamily } from './family.js';
import { qwenWindow, sameWindow } from './sliding-window.js';

/**
 * Experts of all layers together: several times what the largest models have. Each is planned before a
 * tensor is looked up.
 */
const MAX_EXPERTS = 65_536;

/** Qwen2 whose MLPs are routed experts beside a shared one behind a sigmoid gate. */
export const qwen2Moe: ModelFamily = {
  architecture: 'Qwen2MoeForCausalLM',
  readConfig: (fields) =>
    readDecoderConfig(fields, {
      architecture: 'Qwen2MoeForCausalLM',
      modelType: 'qwen2_moe',
      qkvBias: fields.boolean('qkv_bias', true),
      outputBias: false,
      mlpBias: false,
      qkNorm: false,
      layerWindows: sameWindow(fields, qwenWindow(fields)),
      moe: readMoe(fields),
      defaultHeadDim: null,
    }),
  plan: decoderPlan,
};

/** Null when no layer routes: `mlp_only_layers` or `decoder_sparse_step` may leave none. */
function readMoe(fields: ConfigFields): MoeConfig | null {
  const numExperts = fields.count('num_experts');
  const most = Math.floor(MAX_EXPERTS / fields.numLayers());
  if (numExperts > most) fields.fail('num_experts', `at most ${most} with so many layers`);
  const layers = numExperts === 0 ? [] : routedLayers(fields);
  if (layers.length === 0) return null;
  const topK = fields.size('num_experts_per_tok');
  if (topK > numExperts)
    fields.fail('num_experts_per_tok', `at most "num_experts" (${numExperts})`);
  return {
    layers,
    numExperts,
    topK,
    expertSize: fields.size('moe_intermediate_size'),
    sharedExpertSize: fields.size('shared_expert_intermediate_size'),
    normTopkProb: fields.boolean('norm_topk_prob', false),
  };
}

function routedLayers(fields: ConfigFields): number[] {
  const dense = new Set(fields.counts('mlp_only_layers'));
  const step = fields.size('decoder_sparse_step', 1);
  const all = Array.from({ length: fields.numLayers() }, (_, layer) => layer);
  return all.filter((layer) => !dense.has(layer) && (layer + 1) % step === 0);
}
