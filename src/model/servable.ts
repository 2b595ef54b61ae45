import { StartupError } from '../core/errors.js';
import type { WeightFormat } from '../core/model-spec.js';
import { folderFiles } from '../core/named-files.js';
import { checkConverted } from './converted/converted-weights.js';
import { readDecoder } from './families/registry.js';
import { openModel } from './open-model.js';
import { isPooled, readPooledModel } from './pooled/registry.js';
import { isGgufFile } from './source/gguf/split.js';
import { hasTokenizer, isComplete } from './source/hub-cache.js';
import { openSource } from './source/registry.js';

/** Why a server could not load what lies in a folder, or a GGUF file: a clause; null = nothing speaks against it. Reads no weights. */
export async function whyNotServed(folder: string): Promise<string | null> {
  try {
    const obstacle = isGgufFile(folder) ? null : await whyIncomplete(folder);
    if (obstacle !== null) return obstacle;
    const { source, modules } = await openModel(folder);
    if (source.format === 'converted') await checkConverted(folder);
    const config = await source.config();
    if (isPooled(config, modules, false)) readPooledModel(config, modules);
    else readDecoder(config);
    return hasTokenizer(await source.tokenizer.list('')) ? null : 'it has no tokenizer';
  } catch (error) {
    if (error instanceof StartupError) return clause(error.message);
    return error instanceof Error && 'code' in error
      ? `unreadable (${String(error.code)})`
      : 'broken';
  }
}

/** The format that `radish convert` wrote a folder in; null = it did not, or the folder is broken. */
export async function convertedTo(folder: string): Promise<WeightFormat | null> {
  if (openSource(folder).format !== 'converted') return null;
  return checkConverted(folder).then(
    ({ manifest }) => manifest.format,
    () => null,
  );
}

async function whyIncomplete(folder: string): Promise<string | null> {
  if (await isComplete(folder)) return null;
  const names = await folderFiles(folder).list('');
  if (names.some(isGgufFile)) return 'GGUF files, served by their names';
  return hasTokenizer(names) ? 'incomplete: without its weights' : 'incomplete';
}

/** The first sentence, without its full stop and what stands in brackets. */
function clause(message: string): string {
  const [first = ''] = message.split(/\.\s/);
  return first.replace(/\.$/, '').replace(/^Model architecture/, 'architecture');
}
