import type { ConfigFields } from './config-fields.js';
import { decoder } from './decoder.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import type { TemperaturePlan } from '../plan/attention.js';
import { ropeSettings } from './rope-config.js';

const architecture = 'Ministral3ForCausalLM';

/** Mistral whose queries grow with their position, as Llama 4's do. */
export const ministral3: ModelFamily = {
  architecture,
  models: 'Ministral 3 (text)',
  read: (fields) => readMinistral3(fields, architecture),
};

/** What both have. */
const SIZES = {
  hidden_size: 4096,
  intermediate_size: 14_336,
  num_attention_heads: 32,
  num_key_value_heads: 8,
};
/** Beside others Mistral is its text too. */
const MISTRAL = {
  ...SIZES,
  vocab_size: 32_000,
  num_hidden_layers: 32,
  max_position_embeddings: 131_072,
  sliding_window: 4096,
};
const MINISTRAL3 = {
  ...SIZES,
  vocab_size: 131_072,
  num_hidden_layers: 34,
  head_dim: 128,
  max_position_embeddings: 262_144,
  rms_norm_eps: 1e-5,
};

/** Its network, whatever the model is called that has it; without the growth it is Mistral's. */
export function readMinistral3(said: ConfigFields, architecture: string): DecoderModel {
  const modelType = said.text('model_type', 'ministral3');
  const fields = said.completed(modelType === 'mistral' ? MISTRAL : MINISTRAL3);
  const { config, norm, activation, tied } = readLlamaLike(fields, { architecture, modelType });
  const window = fields.sizeIfSet('sliding_window');
  const temperature = readTemperature(fields);
  return decoder(config, {
    norm,
    tied,
    layer: (place) =>
      preNorm(place, norm, {
        attention: attention(place, { window, temperature }),
        mlp: gatedMlp(place, { activation }),
      }),
  });
}

function readTemperature(fields: ConfigFields): TemperaturePlan | null {
  const settings = ropeSettings(fields);
  if (settings?.has('llama_4_scaling_beta') !== true) return null;
  const beta = settings.positive('llama_4_scaling_beta');
  return { beta, period: settings.size('original_max_position_embeddings') };
}
