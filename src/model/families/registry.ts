import { nearestNames } from '../../core/nearest.js';
import { apertus } from './apertus.js';
import { arcee } from './arcee.js';
import { baichuan } from './baichuan.js';
import { bamba } from './bamba.js';
import { chatGlmConditional, chatGlmModel } from './chatglm.js';
import { cohere } from './cohere.js';
import { cohere2 } from './cohere2.js';
import { ConfigFields, excerpt, ModelConfigError } from './config-fields.js';
import { deepseekV2, deepseekV3 } from './deepseek.js';
import { ernie45 } from './ernie4-5.js';
import { ernie45Moe } from './ernie4-5-moe.js';
import { exaone } from './exaone.js';
import { exaone4 } from './exaone4.js';
import { falcon } from './falcon.js';
import { falconH1 } from './falcon-h1.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { gemma } from './gemma.js';
import { gemma2 } from './gemma2.js';
import { gemma3 } from './gemma3.js';
import { gemma3n } from './gemma3n.js';
import { gemma4, gemma4Unified } from './gemma4.js';
import { glm } from './glm.js';
import { glm4 } from './glm4.js';
import { glm4Moe } from './glm4-moe.js';
import { glm4MoeLite } from './glm4-moe-lite.js';
import { gptNeox } from './gpt-neox.js';
import { gptOss } from './gpt-oss.js';
import { gpt2 } from './gpt2.js';
import { granite } from './granite.js';
import { graniteHybrid } from './granite-hybrid.js';
import { graniteMoe } from './granite-moe.js';
import { helium } from './helium.js';
import { hunyuan } from './hunyuan.js';
import { internlm2 } from './internlm2.js';
import { internlm3 } from './internlm3.js';
import { jamba } from './jamba.js';
import { lfm2 } from './lfm2.js';
import { lfm2Moe } from './lfm2-moe.js';
import { llama } from './llama.js';
import { mimo } from './mimo.js';
import { minicpm } from './minicpm.js';
import { minicpm3 } from './minicpm3.js';
import { ministral } from './ministral.js';
import { ministral3 } from './ministral3.js';
import { mistral } from './mistral.js';
import { mixtral } from './mixtral.js';
import {
  gemma3Multimodal,
  gemma3nMultimodal,
  gemma4Multimodal,
  gemma4UnifiedMultimodal,
  mistral3,
  qwen25Vl,
  qwen2Vl,
  qwen3Vl,
} from './multimodal.js';
import { nemotron } from './nemotron.js';
import { nemotronH } from './nemotron-h.js';
import { olmo } from './olmo.js';
import { olmo2 } from './olmo2.js';
import { olmo3 } from './olmo3.js';
import { olmoe } from './olmoe.js';
import { orion } from './orion.js';
import { phi } from './phi.js';
import { phi3 } from './phi3.js';
import { phimoe } from './phimoe.js';
import { qwen2 } from './qwen2.js';
import { qwen2Moe } from './qwen2-moe.js';
import { qwen3 } from './qwen3.js';
import { qwen35, qwen35Vision } from './qwen3-5.js';
import { qwen3Moe } from './qwen3-moe.js';
import { qwen3Next } from './qwen3-next.js';
import { seedOss } from './seed-oss.js';
import { smollm3 } from './smollm3.js';
import { stablelm } from './stablelm.js';
import { starcoder2 } from './starcoder2.js';

/** Every network that generates, in the order of their names. */
export const DECODERS: readonly ModelFamily[] = [
  apertus,
  arcee,
  baichuan,
  bamba,
  chatGlmConditional,
  chatGlmModel,
  cohere,
  cohere2,
  deepseekV2,
  deepseekV3,
  ernie45,
  ernie45Moe,
  exaone,
  exaone4,
  falcon,
  falconH1,
  gemma,
  gemma2,
  gemma3,
  gemma3Multimodal,
  gemma3n,
  gemma3nMultimodal,
  gemma4,
  gemma4Multimodal,
  gemma4Unified,
  gemma4UnifiedMultimodal,
  glm,
  glm4,
  glm4Moe,
  glm4MoeLite,
  gpt2,
  gptNeox,
  gptOss,
  granite,
  graniteHybrid,
  graniteMoe,
  helium,
  hunyuan,
  internlm2,
  internlm3,
  jamba,
  lfm2,
  lfm2Moe,
  llama,
  mimo,
  minicpm,
  minicpm3,
  ministral,
  ministral3,
  mistral,
  mistral3,
  mixtral,
  nemotron,
  nemotronH,
  olmo,
  olmo2,
  olmo3,
  olmoe,
  orion,
  phi,
  phi3,
  phimoe,
  qwen2,
  qwen25Vl,
  qwen2Moe,
  qwen2Vl,
  qwen3,
  qwen35,
  qwen35Vision,
  qwen3Moe,
  qwen3Next,
  qwen3Vl,
  seedOss,
  smollm3,
  stablelm,
  starcoder2,
];

/** Reads a parsed config.json. Throws {@link ModelConfigError}, naming the field or architecture. */
export function readDecoder(json: unknown): DecoderModel {
  const fields = new ConfigFields(json, 'config.json');
  const family = familyOf(networkOf(fields));
  return family.read(fields.completed(family.defaults ?? {}));
}

/** transformers 5 saves EXAONE 3.5 as a Llama, with its own names of fields and tensors. */
function networkOf(fields: ConfigFields): string {
  const architecture = fields.architecture();
  const isExaone = architecture === llama.architecture && fields.raw('model_type') === 'exaone';
  return isExaone ? exaone.architecture : architecture;
}

/** Whether a network of this name is one of those that generate. */
export function generates(architecture: string): boolean {
  return DECODERS.some((candidate) => candidate.architecture === architecture);
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
