import { ConfigFields, excerpt, ModelConfigError } from './config-fields.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { gemma2 } from './gemma2.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { qwen2Moe } from './qwen2-moe.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';

const FAMILIES: readonly ModelFamily[] = [gemma2, llama, mistral, qwen2, qwen2Moe, qwen3];

/** Reads a parsed config.json. Throws {@link ModelConfigError}, naming the field or architecture. */
export function readDecoder(json: unknown): DecoderModel {
  const fields = new ConfigFields(json, 'config.json');
  return familyOf(fields.architecture()).read(fields);
}

function familyOf(architecture: string): ModelFamily {
  const family = FAMILIES.find((candidate) => candidate.architecture === architecture);
  if (family !== undefined) return family;
  const supported = FAMILIES.map((candidate) => candidate.architecture).join(', ');
  throw new ModelConfigError(
    `Model architecture '${excerpt(architecture)}' is not supported. Supported architectures: ${supported}`,
  );
}
