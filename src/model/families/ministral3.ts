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
  defaults: { num_key_value_heads: 8, rms_norm_eps: 1e-5 },
  read: (fields) => readMinistral3(fields, architecture),
};

/** Its network, whatever the model is called that has it; without the growth it is Mistral's. */
export function readMinistral3(fields: ConfigFields, architecture: string): DecoderModel {
  const { config, norm, activation, tied } = readLlamaLike(fields, {
    architecture,
    modelType: fields.text('model_type', 'ministral3'),
  });
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
