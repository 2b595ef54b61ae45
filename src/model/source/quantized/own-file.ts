import type { Checkpoint } from '../checkpoint.js';
import type { JsonObject } from '../model-source.js';

/** What early versions of tools wrote beside a config.json that says nothing, and whose method it is. */
const OWN_FILES: readonly (readonly [file: string, method: string])[] = [
  ['quantize_config.json', 'gptq'],
  ['quant_config.json', 'awq'],
];

/**
 * A model's `config.json`; where it has no `quantization_config`, and there are packed codes, with what the file of the
 * tool says that made them. `read` gives the JSON of a file of the model, null where there is none of that name.
 */
export async function withOwnFile(
  config: JsonObject,
  { tensors }: Checkpoint,
  read: (name: string) => Promise<unknown>,
): Promise<JsonObject> {
  const isPacked = [...tensors.keys()].some((name) => name.endsWith('.qweight'));
  if (!isPacked || (config['quantization_config'] ?? null) !== null) return config;
  for (const [file, quant_method] of OWN_FILES) {
    const own = await read(file);
    if (typeof own === 'object' && own !== null) {
      return { ...config, quantization_config: { quant_method, ...own } };
    }
  }
  return config;
}
