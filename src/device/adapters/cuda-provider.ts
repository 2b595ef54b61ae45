import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import type { Host } from './host.js';

/** ONNX Runtime's part for CUDA, which is no part of its npm package. */
export interface CudaProvider {
  /** Where it must stand, beside the package's library; null = the package has none for this system. */
  readonly folder: string | null;
  /** Files of it that are not there. */
  readonly missing: readonly string[];
  /** Libraries of CUDA and cuDNN that it needs and the linker does not find. */
  readonly unmet: readonly string[];
  /** The command line that brings it; null = the package has none for this system. */
  readonly install: string | null;
}

const PARTS = ['onnxruntime_providers_cuda', 'onnxruntime_providers_shared'];

/** Where npm put the package's files. */
function packageFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
}

/** Whether CUDA's provider is there, and what it lacks. */
export async function findCudaProvider(
  host: Host,
  root: string = packageFolder(),
): Promise<CudaProvider> {
  const folder = libraryFolder(host, root);
  const files = PARTS.map((part) => fileName(part, host.platform));
  const missing = files.filter((file) => folder === null || !host.exists(join(folder, file)));
  const isLinux = host.platform === 'linux' && host.arch === 'x64';
  return {
    folder,
    missing,
    unmet: folder === null || missing.length > 0 ? [] : await unmetBy(host, folder, files),
    install: isLinux ? installCommand(root) : null,
  };
}

/** `bin/napi-v6/linux/x64`; the number is that of the newest interface of Node.js that the package knows. */
function libraryFolder(host: Host, root: string): string | null {
  const bin = join(root, 'bin');
  const folders = host
    .list(bin)
    .map((version) => join(bin, version, host.platform, host.arch))
    .filter((folder) => host.exists(folder));
  return folders.at(-1) ?? null;
}

function fileName(part: string, platform: NodeJS.Platform): string {
  return platform === 'win32' ? `${part}.dll` : `lib${part}.so`;
}

/**
 * The package's own script, which fetches the libraries from NuGet; it hears no variable that names a CUDA (1.30). Not `npm rebuild`, which runs no
 * script where npm is told `ignore-scripts`, as in a checkout of this server, and says that all went well.
 */
function installCommand(root: string): string {
  return `node '${join(root, 'script', 'install.js')}'`;
}

/** What the linker misses, by its own tool; none where that does not answer. */
async function unmetBy(
  host: Host,
  folder: string,
  files: readonly string[],
): Promise<readonly string[]> {
  if (host.platform !== 'linux') return [];
  const texts = await Promise.all(files.map((file) => host.run('ldd', [join(folder, file)])));
  const names = texts.flatMap((text) =>
    [...(text ?? '').matchAll(/^\s*(\S+) => not found$/gm)].map(([, name = '']) => name),
  );
  return [...new Set(names)];
}
