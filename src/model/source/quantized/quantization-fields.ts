import { ConfigFields } from '../../families/config-fields.js';
import type { JsonObject } from '../model-source.js';

/** Where modelopt's older releases say what they did. */
export const MODELOPT_FILE = 'hf_quant_config.json';

/**
 * What is said about quantised weights: in config.json, under its name of today or that of llm-compressor's first
 * releases, or in modelopt's own file. Null = nothing.
 */
export function quantizationFields(config: JsonObject, modeloptFile: unknown): ConfigFields | null {
  const fields = new ConfigFields(config, 'config.json');
  const own = fields.object('quantization_config') ?? fields.object('compression_config');
  if (own !== null || modeloptFile === null) return own;
  const file = new ConfigFields(modeloptFile, MODELOPT_FILE);
  if (file.object('quantization') === null) return null;
  const said = { ...(file.raw('quantization') as object), quant_method: 'modelopt' };
  return new ConfigFields(said, `${MODELOPT_FILE}: "quantization"`);
}
