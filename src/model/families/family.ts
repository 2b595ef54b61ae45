import type { ConfigFields } from './config-fields.js';
import type { ModelConfig } from './model-config.js';
import type { ModelPlan } from '../plan/network.js';
import type { TensorView } from '../weights/tensor-view.js';

/** A decoder as config.json says it. */
export interface DecoderModel {
  readonly config: ModelConfig;
  readonly plan: ModelPlan;
  /** Tensors of the plan that the checkpoint has as parts of others. */
  readonly views: readonly TensorView[];
  /** The checkpoint has other models beside it (families/text-part.ts). */
  readonly isPart?: boolean;
}

export type FieldDefaults = Readonly<Record<string, string | number | boolean>>;

/** One model architecture: reads its config.json, and says its network and what its checkpoint calls the parts of it. */
export interface ModelFamily {
  /** `architectures[0]` of config.json. */
  readonly architecture: string;
  /** Which models of it people know; for the list in docs/models.md. */
  readonly models: string;
  /** What config.json may leave out, as transformers' class has it; `read` knows it of all fields that are not here. */
  readonly defaults?: FieldDefaults;
  /** Throws `ModelConfigError`, naming the field. */
  read(fields: ConfigFields): DecoderModel;
}
