import type { ConfigFields } from '../config-fields.js';

/** No layer has a window. */
export function noWindows(fields: ConfigFields): readonly null[] {
  return new Array<null>(fields.size('num_hidden_layers')).fill(null);
}

/** The same window in every layer. */
export function sameWindow(fields: ConfigFields, window: number | null): (number | null)[] {
  return new Array<number | null>(fields.size('num_hidden_layers')).fill(window);
}

/**
 * Qwen2 and Qwen3: `use_sliding_window` switches it on, `layer_types` says where; without that list
 * the layers from `max_window_layers` on slide.
 */
export function qwenWindows(fields: ConfigFields): (number | null)[] {
  const windows = sameWindow(fields, qwenWindow(fields));
  const types = fields.texts('layer_types');
  if (types.length === 0) {
    const firstSliding = fields.count('max_window_layers', 28);
    return windows.map((window, layer) => (layer >= firstSliding ? window : null));
  }
  const known = types.every((type) => type === 'sliding_attention' || type === 'full_attention');
  if (!known || types.length !== windows.length) {
    fields.fail('layer_types', `one of "full_attention", "sliding_attention" for each layer`);
  }
  return windows.map((window, layer) => (types[layer] === 'sliding_attention' ? window : null));
}

/** The window's size where `use_sliding_window` switches it on, else null. */
export function qwenWindow(fields: ConfigFields): number | null {
  return fields.boolean('use_sliding_window', false) && fields.has('sliding_window')
    ? fields.size('sliding_window')
    : null;
}
