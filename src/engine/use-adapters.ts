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
  const names = entries.map(({ adapter, rids }) =>
    adapter === null ? [] : rids.map(() => adapter),
  );
  const all = names.flat();
  if (adapters === null || all.length === 0) return use([]);
  checkCount(all, adapters);
  const held = await adapters.use(all);
  try {
    let next = 0;
    return use(names.map((own) => held.slice(next, (next += own.length))));
  } catch (error) {
    for (const one of held) one.release();
    throw error;
  }
}

/** More could never be loaded together. */
function checkCount(names: readonly string[], { bounds: { maxLoaded } }: Adapters): void {
  const count = new Set(names).size;
  if (maxLoaded === null || count <= maxLoaded) return;
  refuse(
    `Received request with ${count} unique loras requested but max loaded loras is ${maxLoaded}`,
  );
}
