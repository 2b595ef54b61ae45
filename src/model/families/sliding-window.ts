import type { ConfigFields } from './config-fields.js';

/** Windows of a model whose layers all have the same one, or none where it is null. */
export function sameWindow(fields: ConfigFields, window: number | null): (number | null)[] {
  return new Array<number | null>(fields.numLayers()).fill(window);
}

/**
 * Windows of Qwen2 and Qwen3 by layer: `use_sliding_window` switches it on, `layer_types` says where; without that list
 * the layers from `max_window_layers` on slide.
 */
export function qwenWindows(fields: ConfigFields): (number | null)[] {
  const slides = (layer: number): boolean => layer >= fields.count('max_window_layers', 28);
  return windowsByLayer(fields, qwenWindow(fields), slides);
}

/**
 * Windows by layer: `layer_types` says which layers have the window; without that list `slides` does, which is asked with
 * the layer's index.
 */
export function windowsByLayer(
  fields: ConfigFields,
  size: number | null,
  slides: (layer: number) => boolean,
): (number | null)[] {
  const windows = sameWindow(fields, size);
  const types = fields.texts('layer_types');
  if (types.length === 0) return windows.map((window, layer) => (slides(layer) ? window : null));
  const known = types.every((type) => type === 'sliding_attention' || type === 'full_attention');
  if (!known || types.length !== windows.length) {
    fields.fail('layer_types', `one of "full_attention", "sliding_attention" for each layer`);
  }
  return windows.map((window, layer) => (types[layer] === 'sliding_attention' ? window : null));
}

/** Qwen's window in tokens where `use_sliding_window` switches it on, else null. */
export function qwenWindow(fields: ConfigFields): number | null {
  return fields.boolean('use_sliding_window', false) && fields.has('sliding_window')
    ? fields.size('sliding_window')
    : null;
}
