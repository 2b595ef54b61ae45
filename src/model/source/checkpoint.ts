import type { Checkpoint } from './safetensors.js';

type Tensors = Pick<Checkpoint, 'tensors'>;

/**
 * Whether the tensors that both checkpoints have can take each other's place. PyTorch's sentence for the
 * first that cannot, the embedding table before the others; null when all can.
 */
export function shapeMismatch(running: Tensors, next: Tensors): string | null {
  const names = [...running.tensors.keys()].sort(
    (a, b) => Number(b.includes('embed')) - Number(a.includes('embed')),
  );
  for (const name of names) {
    const a = running.tensors.get(name)?.shape ?? [];
    const b = next.tensors.get(name)?.shape ?? a;
    if (a.length !== b.length) {
      return `${name} has ${String(b.length)} dimensions, and the running model ${String(a.length)}`;
    }
    const at = a.findLastIndex((size, i) => size !== b[i]);
    if (at >= 0) {
      return (
        `The size of tensor a (${String(a[at])}) must match the size of tensor b ` +
        `(${String(b[at])}) at non-singleton dimension ${at}`
      );
    }
  }
  return null;
}
