import { decoder, OUTPUT_NORMS } from './decoder.js';
import { layerTypes } from './windows.js';

/** Without a window all layers see all, and tell positions apart. */
export const exaone4 = decoder({
  name: 'exaone4',
  classes: ['Exaone4ForCausalLM'],
  layer: OUTPUT_NORMS,
  config: (model) => {
    const window = model.fields.numberOrNull('exaone4.attention.sliding_window') ?? 0;
    return {
      architectures: ['Exaone4ForCausalLM'],
      model_type: 'exaone4',
      sliding_window: window > 0 ? window : null,
      ...(window > 0 ? { layer_types: layerTypes(model, 4) } : {}),
    };
  },
});
