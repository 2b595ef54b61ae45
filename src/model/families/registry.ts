import { ConfigFields, excerpt, ModelConfigError } from './config-fields.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { apertus } from './apertus.js';
import { arcee } from './arcee.js';
import { cohere } from './cohere.js';
import { cohere2 } from './cohere2.js';
import { gemma } from './gemma.js';
import { helium } from './helium.js';
import { nemotron } from './nemotron.js';
import { olmo } from './olmo.js';
import { olmo3 } from './olmo3.js';
import { phi } from './phi.js';
import { stablelm } from './stablelm.js';
import { starcoder2 } from './starcoder2.js';
import { gemma2 } from './gemma2.js';
import { gemma3 } from './gemma3.js';
import { glm4 } from './glm4.js';
import { gptNeox } from './gpt-neox.js';
import { granite } from './granite.js';
import { olmo2 } from './olmo2.js';
import { phi3 } from './phi3.js';
import { smollm3 } from './smollm3.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { qwen2Moe } from './qwen2-moe.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';

const FAMILIES: readonly ModelFamily[] = [
  apertus,
  arcee,
  cohere,
  cohere2,
  gemma,
  gemma2,
  gemma3,
  glm4,
  gptNeox,
  granite,
  helium,
  llama,
  mistral,
  nemotron,
  olmo,
  olmo2,
  olmo3,
  phi,
  phi3,
  qwen2,
  qwen2Moe,
  qwen3,
  smollm3,
  stablelm,
  starcoder2,
];

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
