import { refuse } from '../core/errors.js';
import type { Adapters, AdapterUse } from './adapters.js';
import type { GenerateEntry } from './request.js';

type Asking = Pick<GenerateEntry, 'adapter' | 'rids'>;

/**
 * Holds the adapters that the entries name, for each sample of each of them, while `use` makes requests of it. Where that
 * fails nobody holds them any more. @throws RequestError
 */
export async function withAdapters<T>(
  entries: readonly Asking[],
  adapters: Adapters | null,
  use: (uses: readonly (readonly AdapterUse[])[]) => T,
): Promise<T> {
  const held: AdapterUse[][] = [];
  try {
    if (adapters !== null) {
      checkCount(entries, adapters);
      for (const entry of entries) held.push(await usesOf(entry, adapters));
    }
    return use(held);
  } catch (error) {
    for (const one of held.flat()) one.release();
    throw error;
  }
}

/** More could never be loaded together. */
function checkCount(entries: readonly Asking[], { bounds: { maxLoaded } }: Adapters): void {
  const names = new Set(entries.flatMap(({ adapter }) => adapter ?? []));
  if (maxLoaded === null || names.size <= maxLoaded) return;
  refuse(
    `Received request with ${names.size} unique loras requested but max loaded loras is ${maxLoaded}`,
  );
}

async function usesOf({ adapter, rids }: Asking, adapters: Adapters): Promise<AdapterUse[]> {
  const uses: AdapterUse[] = [];
  if (adapter === null) return uses;
  for (let i = 0; i < rids.length; i++) uses.push(await adapters.use(adapter));
  return uses;
}
