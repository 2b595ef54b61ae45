import type { ModelConfig } from '../model-config.js';
import { Names } from './names.js';

/** A layer that is being planned. */
export interface LayerPlace {
  readonly index: number;
  readonly config: ModelConfig;
  readonly names: Names;
}

/** Layer `index`, whose tensors the checkpoint has under `<prefix>.<index>`. */
export function layerPlace(config: ModelConfig, prefix: string, index: number): LayerPlace {
  return { index, config, names: new Names(`layers.${index}`, `${prefix}.${index}`) };
}
