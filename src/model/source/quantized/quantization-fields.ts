import { ConfigFields } from '../../families/config-fields.js';
import type { Checkpoint } from '../checkpoint.js';
import type { JsonObject } from '../model-source.js';

/** Where modelopt's older releases say what they did. */
const MODELOPT_FILE = 'hf_quant_config.json';

/** What early versions of tools wrote beside a config.json that says nothing, and whose method it is. */
const OWN_FILES: readonly (readonly [file: string, method: string])[] = [
  ['quantize_config.json', 'gptq'],
  ['quant_config.json', 'awq'],
];

/** The JSON of a file of the model; null where there is none of that name. */
type ReadJson = (name: string) => Promise<unknown>;

/**
 * What is said about quantised weights: in config.json, under its name of today or that of llm-compressor's first
 * releases, or in a file of the tool's own. Null = nothing.
 */
export async function quantizationFields(
  config: JsonObject,
  checkpoint: Checkpoint,
  read: ReadJson,
): Promise<ConfigFields | null> {
  const fields = new ConfigFields(config, 'config.json');
  return (
    fields.object('quantization_config') ??
    fields.object('compression_config') ??
    (await modeloptFields(read)) ??
    (await ownFields(checkpoint, read))
  );
}

async function modeloptFields(read: ReadJson): Promise<ConfigFields | null> {
  const json = await read(MODELOPT_FILE);
  if (json === null) return null;
  const file = new ConfigFields(json, MODELOPT_FILE);
  if (file.object('quantization') === null) return null;
  const said = { ...(file.raw('quantization') as object), quant_method: 'modelopt' };
  return new ConfigFields(said, `${MODELOPT_FILE}: "quantization"`);
}

/** Only where there are packed codes: a plain model may have such a file too. */
async function ownFields({ tensors }: Checkpoint, read: ReadJson): Promise<ConfigFields | null> {
  if (![...tensors.keys()].some((name) => name.endsWith('.qweight'))) return null;
  for (const [file, quant_method] of OWN_FILES) {
    const own = await read(file);
    if (typeof own === 'object' && own !== null) {
      return new ConfigFields({ quant_method, ...own }, file);
    }
  }
  return null;
}
