import type { ConfigFields } from './config-fields.js';
import { decoder, type DecoderModules, readTied } from './decoder.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { deltaMixer } from './qwen3-next.js';
import { readSizes } from './sizes.js';

/** Qwen3-Next's mixers with a dense MLP. Text alone: the rotations of images have the same positions for it. */
export const qwen35: ModelFamily = {
  architecture: 'Qwen3_5ForCausalLM',
  models: 'Qwen3.5 (text)',
  read: (fields) => readQwen35('Qwen3_5ForCausalLM', fields, readTied(fields)),
};

/** The text of the checkpoints that see images too. */
export const qwen35Vision: ModelFamily = {
  architecture: 'Qwen3_5ForConditionalGeneration',
  models: 'Qwen3.5 0.8B to 27B (text)',
  read: (fields) => {
    const text = fields.object('text_config') ?? fields.fail('text_config', 'an object');
    const at = 'model.language_model';
    return readQwen35('Qwen3_5ForConditionalGeneration', text, readTied(fields, readTied(text)), {
      embedding: `${at}.embed_tokens`,
      layers: `${at}.layers`,
      finalNorm: `${at}.norm`,
    });
  },
};

function readQwen35(
  architecture: string,
  fields: ConfigFields,
  tied: boolean,
  modules: Partial<DecoderModules> = {},
): DecoderModel {
  const config = readSizes(fields, {
    architecture,
    modelType: 'qwen3_5_text',
    defaultHeadDim: 256,
  });
  const norm = { ...rmsNorm(fields), gainOffset: 1 };
  const mixer = deltaMixer(fields, config, norm, 'apart');
  return decoder(config, {
    norm,
    tied,
    modules,
    layer: (place) =>
      preNorm(place, norm, {
        ...mixer(place),
        mlp: gatedMlp(place, { activation: 'silu' }),
      }),
  });
}
