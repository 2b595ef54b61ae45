import { nearestNames } from '../../../../core/nearest.js';
import type { GgufFields } from '../fields.js';
import { apertus } from './apertus.js';
import type { GgufArchitecture } from './architecture.js';
import { cohere2, commandR } from './cohere.js';
import { deepseek2 } from './deepseek.js';
import { qwen35, qwen3Next } from './delta-net.js';
import { bert, jinaBert, modernBert, nomicBert, nomicBertMoe } from './encoders.js';
import { ernie45, ernie45Moe } from './ernie.js';
import { exaone4 } from './exaone4.js';
import { gemma, gemma2, gemma3, gemmaEmbedding } from './gemma.js';
import { gemma3n } from './gemma3n.js';
import { gemma4 } from './gemma4.js';
import { chatglm, glm4, glm4Moe } from './glm.js';
import { gptOss } from './gpt-oss.js';
import { granite, graniteHybrid, graniteMoe } from './granite.js';
import { falconH1, jamba, lfm2, lfm2Moe, nemotronH, nemotronHMoe } from './hybrid.js';
import { falcon, gpt2, gptNeox, nemotron, stablelm, starcoder2 } from './layer-norms.js';
import {
  arcee,
  baichuan,
  exaone,
  hunyuan,
  internlm2,
  llama,
  mistral3,
  orion,
  seedOss,
  smollm3,
} from './llama.js';
import { minicpm, minicpm3 } from './minicpm.js';
import { olmo, olmo2, olmoe } from './olmo.js';
import { phi2, phi3, phimoe } from './phi.js';
import { qwen2, qwen2Moe, qwen2Vl, qwen3, qwen3Moe, qwen3Vl } from './qwen.js';

/** Every architecture whose files are read, in the order of their names. */
export const GGUF_ARCHITECTURES: readonly GgufArchitecture[] = [
  apertus,
  arcee,
  baichuan,
  bert,
  chatglm,
  cohere2,
  commandR,
  deepseek2,
  ernie45,
  ernie45Moe,
  exaone,
  exaone4,
  falcon,
  falconH1,
  gemma,
  gemma2,
  gemma3,
  gemma3n,
  gemma4,
  gemmaEmbedding,
  glm4,
  glm4Moe,
  gpt2,
  gptNeox,
  gptOss,
  granite,
  graniteHybrid,
  graniteMoe,
  hunyuan,
  internlm2,
  jamba,
  jinaBert,
  lfm2,
  lfm2Moe,
  llama,
  minicpm,
  minicpm3,
  mistral3,
  modernBert,
  nemotron,
  nemotronH,
  nemotronHMoe,
  nomicBert,
  nomicBertMoe,
  olmo,
  olmo2,
  olmoe,
  orion,
  phi2,
  phi3,
  phimoe,
  qwen2,
  qwen2Moe,
  qwen2Vl,
  qwen3,
  qwen35,
  qwen3Moe,
  qwen3Next,
  qwen3Vl,
  seedOss,
  smollm3,
  stablelm,
  starcoder2,
];

/** Names in a refusal: the one that is meant is often one of them. */
const NUM_NEAREST = 3;

/** The one that a file names. @throws ModelLoadError */
export function architectureOf(fields: GgufFields): GgufArchitecture {
  const name = fields.text('general.architecture');
  const found = GGUF_ARCHITECTURES.find((candidate) => candidate.name === name);
  if (found !== undefined) return found;
  const names = GGUF_ARCHITECTURES.map((candidate) => candidate.name);
  const shown = name.slice(0, 200);
  const nearest = nearestNames(shown, names, NUM_NEAREST).join(', ');
  return fields.fail(
    `the architecture '${shown}' is not supported as GGUF. ` +
      `The nearest of the ${names.length} supported: ${nearest}`,
  );
}
