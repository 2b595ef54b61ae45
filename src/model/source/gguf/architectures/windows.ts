import type { GgufModel } from './architecture.js';

/**
 * `layer_types` of a model with windows: of a list of the file, of how many layers there are for one without a window, or
 * of `period` where it says neither.
 */
export function layerTypes(model: GgufModel, period: number): readonly string[] {
  const { name, fields } = model;
  const count = fields.count(`${name}.block_count`);
  const key = `${name}.attention.sliding_window_pattern`;
  const listed = fields.flagsOrNull(key, count);
  const every = listed === null ? (fields.numberOrNull(key) ?? period) : period;
  return Array.from({ length: count }, (_, layer) => {
    const slides = listed === null ? (layer + 1) % every !== 0 : listed[layer] === true;
    return slides ? 'sliding_attention' : 'full_attention';
  });
}
