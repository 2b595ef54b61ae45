import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { deltaMixer } from './qwen3-next.js';
import { readSizes } from './sizes.js';
import { textPart } from './text-part.js';

/** Qwen3-Next's mixers with a dense MLP. Text alone: the rotations of images have the same positions for it. */
export const qwen35: ModelFamily = {
  architecture: 'Qwen3_5ForCausalLM',
  models: 'Qwen3.5 (text)',
  read: (fields) => readQwen35(fields, 'Qwen3_5ForCausalLM'),
};

/** The text of the checkpoints that see images too. */
export const qwen35Vision = textPart({
  architecture: 'Qwen3_5ForConditionalGeneration',
  models: 'Qwen3.5 0.8B to 27B (text)',
  read: readQwen35,
  defaults: {},
});

/** Of its config class, where it is not that of others. */
const DEFAULTS = { num_key_value_heads: 4 };

function readQwen35(own: ConfigFields, architecture: string): DecoderModel {
  const fields = own.completed(DEFAULTS);
  const config = readSizes(fields, {
    architecture,
    modelType: 'qwen3_5_text',
    defaultHeadDim: 256,
  });
  const norm = { ...rmsNorm(fields), gainOffset: 1 };
  const mixer = deltaMixer(fields, config, norm, 'apart');
  return decoder(config, {
    norm,
    tied: readTied(fields),
    layer: (place) =>
      preNorm(place, norm, {
        ...mixer(place),
        mlp: gatedMlp(place, { activation: 'silu' }),
      }),
  });
}
