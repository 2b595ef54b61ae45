import type { PoolingMode } from '../../core/model-spec.js';
import type { ConfigFields } from '../families/config-fields.js';
import type { PooledTrunk, PoolStage } from './pooled-plan.js';

/** One mode, or several whose rows are joined. */
export type Pooling = PoolingMode | readonly PoolingMode[];

/** One architecture that pools: reads its config.json, names its checkpoint's tensors. */
export interface PooledFamily {
  /** `architectures[0]` of config.json. */
  readonly architecture: string;
  /** How hidden states become one where the model has no modules.json, as in SGLang. */
  readonly pooling: Pooling | ((fields: ConfigFields) => Pooling);
  /** Throws `ModelConfigError`, naming the field. */
  trunk(fields: ConfigFields): PooledTrunk;
  /** What a head makes of the pooled row; null = the row itself is the answer. */
  readonly classifier: ((fields: ConfigFields, sizes: ClassifierSizes) => PoolStage[]) | null;
  /** Tokens that pooling by `turn` looks for. */
  readonly turn?: (fields: ConfigFields) => readonly number[];
  /** How many labels it has, whatever config.json says. */
  readonly numLabels?: number;
  /** What fills in words: a score for each of the vocabulary, of each row. */
  readonly words?: ((fields: ConfigFields, trunk: PooledTrunk) => readonly PoolStage[]) | null;
}

/** Width of a classifier's input and of its output. */
export interface ClassifierSizes {
  readonly hiddenSize: number;
  readonly numLabels: number;
}
