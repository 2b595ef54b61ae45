import { LATENT, latentSizes } from './deepseek.js';
import { decoder, pairedHeads } from './decoder.js';
import { hasPart } from './sizes.js';

/** MiniCPM's factors, where the file does not say them. */
const FACTORS = { embedding: 12, depth: 1.4, base: 256 };

export const minicpm = decoder({
  name: 'minicpm',
  classes: ['MiniCPMForCausalLM'],
  config: (model) => {
    const { fields, tensors } = model;
    const layers = fields.number('minicpm.block_count');
    const width = fields.number('minicpm.embedding_length');
    const residual = fields.numberOrNull('minicpm.residual_scale');
    const logits = fields.numberOrNull('minicpm.logit_scale');
    return {
      architectures: ['MiniCPMForCausalLM'],
      model_type: 'minicpm',
      attention_bias: tensors.has('blk.0.attn_q.bias'),
      scale_emb: fields.numberOrNull('minicpm.embedding_scale') ?? FACTORS.embedding,
      scale_depth: residual === null ? FACTORS.depth : residual * Math.sqrt(layers),
      dim_model_base: logits === null ? FACTORS.base : width / logits,
    };
  },
  change: pairedHeads,
});

/** Its factors are not in the file: all models have the same. */
export const minicpm3 = decoder({
  name: 'minicpm3',
  classes: ['MiniCPM3ForCausalLM'],
  layer: LATENT,
  turning: 'latent',
  config: (model) => ({
    architectures: ['MiniCPM3ForCausalLM'],
    model_type: 'minicpm3',
    ...latentSizes(model),
    mlp_bias: hasPart(model, 'ffn_up.bias'),
    scale_emb: FACTORS.embedding,
    scale_depth: FACTORS.depth,
    dim_model_base: FACTORS.base,
  }),
});
