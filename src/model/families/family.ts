import type { ConfigFields } from './config-fields.js';
import type { ModelConfig } from './model-config.js';
import type { ModelPlan } from '../plan.js';

/** One model architecture: reads its config.json and names its checkpoint's tensors. */
export interface ModelFamily {
  /** `architectures[0]` of config.json. */
  readonly architecture: string;
  /** Throws `ModelConfigError`, naming the field. */
  readConfig(fields: ConfigFields): ModelConfig;
  plan(config: ModelConfig): ModelPlan;
}
