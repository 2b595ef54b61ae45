import { nearestNames } from '../../core/nearest.js';
import { ConfigFields, excerpt, ModelConfigError } from './config-fields.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { deepseekV2, deepseekV3 } from './deepseek.js';
import { ernie45Moe } from './ernie4-5-moe.js';
import { gemma2 } from './gemma2.js';
import { gemma3 } from './gemma3.js';
import { glm4MoeLite } from './glm4-moe-lite.js';
import { glm4Moe } from './glm4-moe.js';
import { glm4 } from './glm4.js';
import { gptNeox } from './gpt-neox.js';
import { gptOss } from './gpt-oss.js';
import { graniteMoe } from './granite-moe.js';
import { granite } from './granite.js';
import { llama } from './llama.js';
import { minicpm3 } from './minicpm3.js';
import { mistral } from './mistral.js';
import { mixtral } from './mixtral.js';
import { olmo2 } from './olmo2.js';
import { olmoe } from './olmoe.js';
import { phi3 } from './phi3.js';
import { phimoe } from './phimoe.js';
import { qwen2Moe } from './qwen2-moe.js';
import { qwen2 } from './qwen2.js';
import { qwen3Moe } from './qwen3-moe.js';
import { qwen3 } from './qwen3.js';
import { smollm3 } from './smollm3.js';

/** Every network that generates, in the order of their names. */
export const DECODERS: readonly ModelFamily[] = [
  deepseekV2,
  deepseekV3,
  ernie45Moe,
  gemma2,
  gemma3,
  glm4,
  glm4Moe,
  glm4MoeLite,
  gptNeox,
  gptOss,
  granite,
  graniteMoe,
  llama,
  minicpm3,
  mistral,
  mixtral,
  olmo2,
  olmoe,
  phi3,
  phimoe,
  qwen2,
  qwen2Moe,
  qwen3,
  qwen3Moe,
  smollm3,
];

/** Reads a parsed config.json. Throws {@link ModelConfigError}, naming the field or architecture. */
export function readDecoder(json: unknown): DecoderModel {
  const fields = new ConfigFields(json, 'config.json');
  return familyOf(fields.architecture()).read(fields);
}

function familyOf(architecture: string): ModelFamily {
  const family = DECODERS.find((candidate) => candidate.architecture === architecture);
  if (family !== undefined) return family;
  throw new ModelConfigError(unsupported(architecture, DECODERS));
}

/** The names that are the most like one that is not supported: it is often one of them. */
const NUM_NEAREST = 3;

/** A sentence that names what is nearest; `how` says as what it was looked for. */
export function unsupported(
  architecture: string,
  families: readonly { readonly architecture: string }[],
  how = '',
): string {
  const shown = excerpt(architecture);
  const names = families.map((candidate) => candidate.architecture);
  const nearest = nearestNames(shown, [...new Set(names)], NUM_NEAREST).join(', ');
  return (
    `Model architecture '${shown}' is not supported${how}. ` +
    `The nearest of the supported architectures: ${nearest}`
  );
}
