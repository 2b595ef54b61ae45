import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { postNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { windowsByLayer } from './sliding-window.js';

const architecture = 'Exaone4ForCausalLM';

/**
 * OLMo 2's order with norms of each head of q and k; where some layers have a window, those without one tell no positions
 * apart (arXiv 2507.11407).
 */
export const exaone4: ModelFamily = {
  architecture,
  models: 'EXAONE 4',
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'exaone4',
      eps: 1e-5,
    });
    const isHybrid = fields.positiveOrNull('sliding_window', 4096) !== null;
    const window = isHybrid ? fields.size('sliding_window', 4096) : null;
    const slides = (layer: number): boolean =>
      (layer + 1) % fields.size('sliding_window_pattern', 4) !== 0;
    const windows = windowsByLayer(fields, window, slides);
    return decoder(config, {
      norm,
      tied,
      layer: (place) => {
        const own = windows[place.index] ?? null;
        return postNorm(place, norm, {
          modules: { attention: 'post_attention_layernorm', mlp: 'post_feedforward_layernorm' },
          attention: attention(place, {
            headNorm: { ...norm, over: 'head' },
            window: own,
            ...(isHybrid && own === null ? { rotary: null } : {}),
          }),
          mlp: gatedMlp(place, { activation }),
        });
      },
    });
  },
};
