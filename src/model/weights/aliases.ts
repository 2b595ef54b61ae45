import type { Checkpoint } from '../source/checkpoint.js';

/**
 * The checkpoint with each tensor under `aliasOf(name)` too, unless another one has that name: models are saved
 * with the prefix of their trunk and without it.
 */
export function aliased(checkpoint: Checkpoint, aliasOf: (name: string) => string): Checkpoint {
  const tensors = new Map(checkpoint.tensors);
  for (const [name, tensor] of checkpoint.tensors) {
    const alias = aliasOf(name);
    if (!tensors.has(alias)) tensors.set(alias, tensor);
  }
  return { ...checkpoint, tensors };
}

/** `prefix` in front of a name that lacks it. */
export function withPrefix(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name : prefix + name;
}
