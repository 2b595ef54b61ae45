/** `modules.json`: what a sentence-transformers folder consists of, in order. */
export const MODULES_FILE = 'modules.json';

/**
 * The folder that an entry of modules.json names, relative to the model's: '' is the model's own. Null where
 * it is none, or leads out of the model's.
 */
export function modulePath(path: string): string | null {
  const plain = path.replace(/^\.?\/+|\/+$/g, '');
  if (plain === '' || plain === '.') return '';
  return /^\w[\w.-]*(\/\w[\w.-]*)*$/.test(plain) ? plain : null;
}

/** Where the parts of a model lie, by its modules.json. */
export interface ModuleFolders {
  /** The first module's: config, tokenizer and weights of the network. '' is the model's own. */
  readonly trunk: string;
  /** Those behind it that have a folder of their own. */
  readonly parts: readonly string[];
}

/** Reads what `modules.json` says of folders and nothing else: what is wrong with it is said by who loads it. */
export function moduleFolders(list: unknown): ModuleFolders {
  const entries: unknown[] = Array.isArray(list) ? list : [];
  const [trunk = '', ...parts] = entries.map((entry) => {
    const path = (entry as { path?: unknown } | null)?.path;
    return typeof path === 'string' ? (modulePath(path) ?? '') : '';
  });
  return { trunk, parts: [...new Set(parts)].filter((path) => path !== '') };
}
