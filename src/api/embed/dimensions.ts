import { refuse } from '../../core/errors.js';
import type { ServedModel } from '../../engine/served-model.js';
import { embeddingOf } from './embed.js';

/** Matryoshka rules of SGLang. @throws RequestError */
export function checkDimensions(dimensions: number | null, model: ServedModel): void {
  if (dimensions === null) return;
  const { matryoshka, dim } = embeddingOf(model);
  const poor = 'output dimensions will lead to poor results.';
  if (matryoshka === null) {
    refuse(
      `Model '${model.weights.modelPath}' does not support matryoshka representation, changing ${poor}`,
    );
  }
  if (dimensions < 1) refuse('Requested dimensions must be greater than 0');
  if (matryoshka !== 'any' && !matryoshka.includes(dimensions)) {
    const list = `[${matryoshka.join(', ')}]`;
    refuse(
      `Model '${model.weights.modelPath}' only supports ${list} matryoshka dimensions, using other ${poor}`,
    );
  }
  if (dimensions > dim) {
    refuse(`Provided dimensions are greater than max embedding dimension: ${dim}`);
  }
}

/** The first `dimensions` of the vector, of unit length again where the model's vectors are. */
export function shorten(
  values: Float32Array,
  dimensions: number | null,
  model: ServedModel,
): Float32Array {
  if (dimensions === null || dimensions >= values.length) return values;
  const cut = values.slice(0, dimensions);
  if (!embeddingOf(model).normalize) return cut;
  const norm = Math.hypot(...cut);
  return norm > 0 ? cut.map((value) => value / norm) : cut;
}
