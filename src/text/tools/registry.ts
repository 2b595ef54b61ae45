import type { ToolParserName } from '../../config/parser-names.js';
import { deepseekv3, deepseekv31 } from './deepseekv3.js';
import type { ToolFormat } from './format.js';
import { glm45 } from './glm45.js';
import { gptOss } from './gpt-oss.js';
import { hermes } from './hermes.js';
import { kimiK2 } from './kimi-k2.js';
import { llama3 } from './llama3.js';
import { minimaxM2 } from './minimax-m2.js';
import { mistral } from './mistral.js';
import { pythonic } from './pythonic.js';
import { qwen25 } from './qwen25.js';
import { qwen3Coder } from './qwen3-coder.js';
import { step3 } from './step3.js';

/** Every format by SGLang's names for it. A new one is a file beside these, a line here, and one in ../detect-parsers.ts. */
export const TOOL_FORMATS: Readonly<Record<ToolParserName, ToolFormat>> = {
  deepseekv3,
  deepseekv31,
  glm: glm45,
  glm45,
  glm47: glm45,
  'gpt-oss': gptOss,
  hermes,
  kimi_k2: kimiK2,
  llama3,
  'minimax-m2': minimaxM2,
  mistral,
  nanbeige: qwen3Coder,
  pythonic,
  qwen: qwen25,
  qwen25,
  qwen3_coder: qwen3Coder,
  step3,
  step3p5: qwen3Coder,
};

/** A parser by its name; null = there is none of this name. */
export function toolFormat(name: string): ToolFormat | null {
  return Object.hasOwn(TOOL_FORMATS, name) ? TOOL_FORMATS[name as ToolParserName] : null;
}
