import type { PoolingMode } from '../../core/model-spec.js';
import { ModelConfigError, type ConfigFields } from '../families/config-fields.js';

/** `pooling_mode` of a Pooling's config.json: one of them, or a list whose vectors are joined. */
const MODES: Readonly<Record<string, PoolingMode>> = {
  cls: 'cls',
  max: 'max',
  mean: 'mean',
  mean_sqrt_len_tokens: 'mean_sqrt_len',
  weightedmean: 'weightedmean',
  lasttoken: 'last',
};
/** Its older form, a flag for each mode, in the order in which their vectors are joined. */
const FLAGS: Readonly<Record<string, PoolingMode>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_mean_sqrt_len_tokens: 'mean_sqrt_len',
  pooling_mode_weightedmean_tokens: 'weightedmean',
  pooling_mode_lasttoken: 'last',
};
/** The only flag that sentence-transformers takes as set where the file does not say. */
const DEFAULT_FLAG = 'pooling_mode_mean_tokens';

/** What a Pooling module makes of hidden states: one vector per mode, joined. Throws `ModelConfigError`. */
export function readPooling(fields: ConfigFields): readonly PoolingMode[] {
  if (fields.has('pooling_mode')) {
    const raw = fields.raw('pooling_mode');
    const names = Array.isArray(raw) ? fields.texts('pooling_mode') : [fields.text('pooling_mode')];
    const modes = names.map((name) => modeOf(fields, name.toLowerCase()));
    if (modes.length === 0) modeOf(fields, '');
    return modes;
  }
  const modes = Object.entries(FLAGS).flatMap(([flag, mode]) =>
    fields.boolean(flag, flag === DEFAULT_FLAG) ? [mode] : [],
  );
  if (modes.length > 0) return modes;
  throw new ModelConfigError(
    `Pooling by nothing is not possible: set one of ${Object.keys(FLAGS).join(', ')}`,
  );
}

function modeOf(fields: ConfigFields, name: string): PoolingMode {
  const mode = Object.hasOwn(MODES, name) ? MODES[name] : undefined;
  return mode ?? fields.fail('pooling_mode', `one of ${Object.keys(MODES).join(', ')}`);
}
