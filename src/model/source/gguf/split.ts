import { ModelLoadError } from '../../load-error.js';
import { readGguf, type GgufFile } from './read-header.js';

/** By its name alone. */
export function isGgufFile(path: string): boolean {
  return /\.gguf$/i.test(path);
}

/** `NAME-00001-of-00003.gguf` */
const PART = /^(.*-)(\d{5})-of-(\d{5})(\.gguf)$/i;
const PARTS_MAX = 1024;

/**
 * Names of all files of a model of which `path` is one, the first one first: it has the metadata. A file that is no part
 * of another is alone. @throws ModelLoadError
 */
export function partNames(path: string): readonly string[] {
  const [, before, , count = '', extension] = PART.exec(path) ?? [];
  if (before === undefined) return [path];
  const numParts = Number(count);
  if (numParts === 0 || numParts > PARTS_MAX) {
    throw new ModelLoadError(
      'bad_checkpoint',
      `${path} says that it is one of ${numParts} files; 1 to ${PARTS_MAX} are possible.`,
    );
  }
  return Array.from(
    { length: numParts },
    (_, i) => `${before}${String(i + 1).padStart(5, '0')}-of-${count}${extension}`,
  );
}

/** The headers of all of them, each tensor in one file only. @throws ModelLoadError */
export async function readParts(path: string): Promise<readonly [GgufFile, ...GgufFile[]]> {
  const [first = path, ...more] = partNames(path);
  const parts: [GgufFile, ...GgufFile[]] = [await readGguf(first)];
  for (const name of more) parts.push(await readGguf(name));
  const claimed = parts[0].metadata.get('split.count') ?? 1;
  if (more.length === 0 && typeof claimed === 'number' && claimed > 1) {
    throw broken(
      `${path} is the first of ${claimed} files, and has not the name of one: NAME-00001-of-0000N.gguf`,
    );
  }
  const owners = new Map<string, string>();
  for (const { file, tensors } of parts) {
    for (const name of tensors.keys()) {
      const other = owners.get(name);
      if (other !== undefined) throw broken(`Tensor '${name}' is in ${other} and in ${file.path}`);
      owners.set(name, file.path);
    }
  }
  return parts;
}

function broken(message: string): ModelLoadError {
  return new ModelLoadError('bad_checkpoint', `${message}.`);
}
