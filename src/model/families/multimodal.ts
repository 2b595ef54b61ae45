import { readGemma3 } from './gemma3.js';
import { readGemma3n } from './gemma3n.js';
import { readGemma4, UNIFIED } from './gemma4.js';
import { readMinistral3 } from './ministral3.js';
import { readQwen2 } from './qwen2.js';
import { readQwen3 } from './qwen3.js';
import { textPart } from './text-part.js';

/** Gemma 3 from 4B on: a few fields of `text_config` are all that its config.json has. Its class caps no logits. */
export const gemma3Multimodal = textPart({
  architecture: 'Gemma3ForConditionalGeneration',
  models: 'Gemma 3 (4B and larger)',
  read: (fields, architecture) =>
    readGemma3(fields.completed({}, { final_logit_softcapping: null }), architecture),
  defaults: {
    vocab_size: 262_208,
    hidden_size: 2304,
    intermediate_size: 9216,
    num_hidden_layers: 26,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    max_position_embeddings: 131_072,
    tie_word_embeddings: true,
  },
});

/** As all Gemma 3n are published. */
export const gemma3nMultimodal = textPart({
  architecture: 'Gemma3nForConditionalGeneration',
  models: 'Gemma 3n (E2B, E4B)',
  read: readGemma3n,
  defaults: {
    vocab_size: 262_400,
    hidden_size: 2048,
    intermediate_size: 16_384,
    num_hidden_layers: 35,
    num_attention_heads: 8,
    num_key_value_heads: 2,
    max_position_embeddings: 32_768,
    tie_word_embeddings: true,
  },
});

const GEMMA4_DEFAULTS = {
  vocab_size: 262_144,
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 30,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  max_position_embeddings: 131_072,
  tie_word_embeddings: true,
};

/** As Gemma 4 is published. */
export const gemma4Multimodal = textPart({
  architecture: 'Gemma4ForConditionalGeneration',
  models: 'Gemma 4 (E2B, E4B, 26B-A4B, 31B)',
  read: readGemma4,
  defaults: GEMMA4_DEFAULTS,
});

/** One whose images and sounds go through no towers. */
export const gemma4UnifiedMultimodal = textPart({
  architecture: 'Gemma4UnifiedForConditionalGeneration',
  models: 'Gemma 4 (12B)',
  read: readGemma4,
  defaults: { ...GEMMA4_DEFAULTS, max_position_embeddings: 262_144, ...UNIFIED },
});

/** Mistral Small 3, whose text is Mistral's, and Ministral 3. */
export const mistral3 = textPart({
  architecture: 'Mistral3ForConditionalGeneration',
  models: 'Ministral 3, Mistral Small 3.1 and 3.2',
  read: readMinistral3,
  defaults: {},
});

/** What Qwen2-VL and Qwen2.5-VL have in common. */
const QWEN2_DEFAULTS = {
  vocab_size: 152_064,
  hidden_size: 8192,
  intermediate_size: 29_568,
  num_hidden_layers: 80,
  num_attention_heads: 64,
  num_key_value_heads: 8,
  max_position_embeddings: 32_768,
  max_window_layers: 80,
  rms_norm_eps: 1e-5,
  rope_theta: 1_000_000,
};

/** Of text alone each token has the same place along the three axes of its rotation: a plain one. */
export const qwen2Vl = textPart({
  architecture: 'Qwen2VLForConditionalGeneration',
  models: 'Qwen2-VL',
  read: readQwen2,
  defaults: QWEN2_DEFAULTS,
});

/** Qwen2-VL with another vision model. */
export const qwen25Vl = textPart({
  architecture: 'Qwen2_5_VLForConditionalGeneration',
  models: 'Qwen2.5-VL',
  read: readQwen2,
  defaults: QWEN2_DEFAULTS,
});

/** As Qwen2.5-VL. What its vision model adds to the first layers' streams is added to images alone. */
export const qwen3Vl = textPart({
  architecture: 'Qwen3VLForConditionalGeneration',
  models: 'Qwen3-VL',
  read: readQwen3,
  defaults: {
    vocab_size: 151_936,
    hidden_size: 4096,
    intermediate_size: 22_016,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    max_position_embeddings: 128_000,
    rope_theta: 5_000_000,
  },
});
