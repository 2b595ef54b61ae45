import type { ModelFamily } from './family.js';
import { readQwen2 } from './qwen2.js';

const architecture = 'MiMoForCausalLM';

/** Qwen 2, whose layers that predict further tokens (`model.mtp_layers`) are not read. */
export const mimo: ModelFamily = {
  architecture,
  models: 'MiMo 7B',
  read: (fields) => readQwen2(fields, architecture),
};
