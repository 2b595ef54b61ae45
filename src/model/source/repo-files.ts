import { posix } from 'node:path';

import { ModelLoadError } from '../load-error.js';
import type { HubFile } from './hub-blob.js';
import { INDEX_FILE } from './safetensors.js';

/** Templates that `--hf-chat-template-name` chooses from. */
export const TEMPLATES_FOLDER = 'additional_chat_templates';

/** Configurations, tokenizers and templates, whatever their names. */
const SMALL_FILE = /^\w[\w.-]*\.(json|jinja|txt|model|tiktoken)$/;
/** No such file is larger; more is data that lies beside the model. */
const SMALL_BYTES_MAX = 256 * 2 ** 20;
const WEIGHT_FILE = /^\w[\w.-]*\.safetensors$/;
const PICKLE = /\.(bin|pt|pth|ckpt|pkl|pickle)$/i;
const SINGLE_FILE = 'model.safetensors';

/** What a loader may read of these folders of a repository besides weights; '' is the repository's own. */
export function smallFiles(files: readonly HubFile[], folders: readonly string[]): HubFile[] {
  return files.filter(
    ({ path, bytes }) =>
      bytes <= SMALL_BYTES_MAX &&
      folders.includes(folderOf(path)) &&
      SMALL_FILE.test(posix.basename(path)),
  );
}

/**
 * The weights of one folder, as the loader takes them: the shards of the index, or `model.safetensors`, or every
 * safetensors file. None where there are no weights at all. @throws ModelLoadError where there are only others
 */
export async function weightFiles(
  files: readonly HubFile[],
  folder: string,
  readShards: () => Promise<ReadonlySet<string>>,
): Promise<HubFile[]> {
  const inside = files.filter(({ path }) => folderOf(path) === folder);
  const named = (name: string) => inside.filter(({ path }) => posix.basename(path) === name);
  const weights = inside.filter(({ path }) => WEIGHT_FILE.test(posix.basename(path)));
  if (weights.length === 0) {
    const pickle = inside.find(({ path }) => PICKLE.test(path));
    if (pickle !== undefined) throw onlyPickle(pickle.path);
    return [];
  }
  if (named(INDEX_FILE).length > 0) {
    const shards = await readShards();
    return weights.filter(({ path }) => shards.has(posix.basename(path)));
  }
  const single = named(SINGLE_FILE);
  return single.length > 0 ? single : weights;
}

/** '' for a file of the repository's own folder. */
function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === '.' ? '' : folder;
}

function onlyPickle(path: string): ModelLoadError {
  return new ModelLoadError(
    'unsafe_format',
    `${path} is pickled, which can run code when opened, and no *.safetensors file lies beside it; ` +
      'Radish reads no other weights.',
  );
}
