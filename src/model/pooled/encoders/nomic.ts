import type { Activation } from '../../activation.js';
import type { ConfigFields } from '../../families/config-fields.js';
import { gatedMlp, plainMlp } from '../../families/parts/mlp.js';
import { layerNorm } from '../../families/parts/norm.js';
import type { Part } from '../../families/parts/part.js';
import type { LayerPlace } from '../../families/parts/place.js';
import { HIDDEN_ACTIVATIONS } from '../activation-names.js';
import type { MlpPlan } from '../../plan/mlp.js';
import type { PooledTrunk } from '../pooled-plan.js';
import { flashEncoder } from './flash.js';
import { denseHead, wordsHead } from './heads.js';
import { encoderClasses } from './lines.js';
import { nomicExperts } from './nomic-experts.js';
import { readEncoderSizes } from './sizes.js';

/** Usual names of what its config.json calls its own way. */
const NAMES = {
  hidden_size: 'n_embd',
  intermediate_size: 'n_inner',
  num_hidden_layers: 'n_layer',
  num_attention_heads: 'n_head',
  max_position_embeddings: 'n_positions',
  layer_norm_eps: 'layer_norm_epsilon',
  hidden_act: 'activation_function',
};

/** Activations of an MLP with a gate. */
const GATED = { swiglu: 'silu', geglu: 'gelu', glu: 'sigmoid' } as const;

/** BERT with a rotation instead of positions, SwiGLU and no biases (arXiv 2402.01613), or with biases, GELU and experts. */
export const NOMIC = encoderClasses({
  name: 'NomicBert',
  trunk: nomic,
  classifier: denseHead({ dense: 'pooler.dense', output: 'classifier' }),
  words: (own, trunk) => {
    const fields = own.named(NAMES);
    return wordsHead(fields, trunk, {
      dense: 'cls.predictions.transform.dense',
      norm: 'cls.predictions.transform.layer_norm',
      decoder: 'cls.predictions.decoder',
      bias: 'cls.predictions.bias',
      activation: readNomicActivation(fields),
      style: layerNorm(fields, 'layer_norm_eps', 1e-12),
    });
  },
});

function nomic(own: ConfigFields, architecture: string): PooledTrunk {
  refuseOthers(own);
  const fields = own.named(NAMES);
  const theta = fields.object('rope_parameters')?.positive('rope_theta', 1000) ?? 1000;
  const rope = {
    type: 'default',
    theta: fields.positive('rotary_emb_base', theta),
  } as const;
  const config = readEncoderSizes(fields, {
    architecture,
    modelType: 'nomic_bert',
    contextLength: readContextLength(fields),
    rope,
  });
  const activation = readNomicActivation(fields);
  // The class of transformers has the gate always, and calls the activation by its own name.
  const isOwn = own.has('activation_function');
  const isGated = !isOwn || Object.hasOwn(GATED, fields.text('hidden_act'));
  const bias = fields.boolean('qkv_proj_bias', isOwn);
  const mlpBias = fields.boolean('mlp_fc1_bias', isOwn);
  if (fields.boolean('mlp_fc2_bias', mlpBias) !== mlpBias) {
    fields.fail('mlp_fc2_bias', 'as "mlp_fc1_bias" is');
  }
  const experts = nomicExperts(fields, activation);
  if (experts !== null && isGated) {
    fields.fail('hidden_act', 'one without a gate beside "moe_every_n_layers"');
  }
  const dense = (place: LayerPlace): Part<MlpPlan> =>
    isGated
      ? gatedMlp(place, {
          activation,
          bias: mlpBias,
          modules: { at: 'mlp', gate: 'fc12', up: 'fc11', down: 'fc2' },
        })
      : plainMlp(place, {
          activation,
          bias: mlpBias,
          modules: { at: 'mlp', up: 'fc1', down: 'fc2' },
        });
  return flashEncoder(fields, config, {
    prefix: isOwn ? 'bert.' : 'nomic_bert.',
    attention: { at: 'attn', bias },
    mlp: (place) => (experts?.routes(place.index) === true ? experts.mlp(place) : dense(place)),
  });
}

function readNomicActivation(fields: ConfigFields): Activation {
  return fields.oneOf('hidden_act', { ...HIDDEN_ACTIVATIONS, ...GATED }, 'silu');
}

/** Beyond what it was trained on the class rotates by another base. */
function readContextLength(fields: ConfigFields): number {
  const numPositions = fields.size('max_position_embeddings', 2048);
  return Math.min(numPositions, fields.size('max_trained_positions', numPositions));
}

/** What its class can be asked for, and no published model is. */
function refuseOthers(fields: ConfigFields): void {
  for (const name of ['prenorm', 'parallel_block', 'use_rms_norm', 'rotary_emb_interleaved']) {
    if (fields.boolean(name, false)) fields.fail(name, 'false');
  }
  if (fields.positive('rotary_emb_fraction', 1) !== 1) fields.fail('rotary_emb_fraction', '1');
  if (fields.has('rotary_emb_scale_base')) fields.fail('rotary_emb_scale_base', 'null');
}
