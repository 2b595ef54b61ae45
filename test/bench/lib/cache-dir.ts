import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where benches keep what they install and make, outside the repository. */
export function benchCacheDir(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'radish-bench');
}
