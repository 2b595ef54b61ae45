import type { GgufFields } from '../fields.js';
import type { GgufArchitecture } from './architecture.js';
import { bert } from './bert.js';
import { gemma2 } from './gemma.js';
import { llama } from './llama.js';
import { qwen2, qwen2Moe, qwen3 } from './qwen.js';

const ARCHITECTURES: readonly GgufArchitecture[] = [bert, gemma2, llama, qwen2, qwen2Moe, qwen3];

/** The one that a file names. @throws ModelLoadError */
export function architectureOf(fields: GgufFields): GgufArchitecture {
  const name = fields.text('general.architecture');
  const found = ARCHITECTURES.find((candidate) => candidate.name === name);
  if (found !== undefined) return found;
  const supported = ARCHITECTURES.map((candidate) => candidate.name).join(', ');
  return fields.fail(
    `the architecture '${name.slice(0, 200)}' is not supported as GGUF. Supported architectures: ${supported}`,
  );
}
