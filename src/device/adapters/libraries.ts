import { basename, join } from 'node:path';

import type { Host } from './host.js';

/** Whether the dynamic linker would find a library; null = nobody could say. */
export type HasLibrary = (name: string) => boolean | null;

/** By what `ldconfig` knows, and by `LD_LIBRARY_PATH`. */
export async function libraryFinder(
  host: Host,
  libraryFolders: readonly string[],
): Promise<HasLibrary> {
  const isListed = (name: string): boolean =>
    libraryFolders.some((folder) => host.exists(join(folder, name)));
  if (host.platform !== 'linux') return (name) => isListed(name) || null;
  const cache = await host.run('/sbin/ldconfig', ['-p']);
  const known = new Set(cache === null ? [] : namesIn(cache, host.arch));
  return (name) => isListed(name) || (known.size === 0 ? null : known.has(name));
}

/** `libvulkan.so.1 (libc6,x86-64) => /usr/lib/x86_64-linux-gnu/libvulkan.so.1`: those of the other width are left out. */
function namesIn(cache: string, arch: string): readonly string[] {
  return [...cache.matchAll(/^\s+(\S+) \(([^)]*)\) => (.+)$/gm)]
    .filter(([, , kind = '']) => arch !== 'x64' || kind.includes('x86-64'))
    .map(([, name = '', , path = '']) => (name === '' ? basename(path) : name));
}
