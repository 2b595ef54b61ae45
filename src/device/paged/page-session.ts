import { rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, parse, relative, sep } from 'node:path';
import { makeOwnedFolder } from '../../core/owned-drafts.js';
import {
  cacheBytes,
  withPageCaches,
  type PageCaches,
} from '../../model/graph/paged/page-caches.js';
import type { SessionExtras, SessionModel } from '../ort.js';
import { GpuSession, type GpuPlace } from './gpu-session.js';

/**
 * A session whose graph has its caches. They begin as zeros of a file that takes no room on the disk, and that nobody
 * needs once they are on the device. `model.weightsFolder` is above the folder of temporary files.
 */
export async function createWithCaches(
  { graph, weightsFolder }: SessionModel,
  shape: Omit<PageCaches, 'zeros'>,
  place: GpuPlace,
  extras?: SessionExtras,
): Promise<GpuSession> {
  const folder = await makeOwnedFolder(tmpdir(), 'kv');
  try {
    const file = join(folder, 'zeros');
    await writeFile(file, '');
    await truncate(file, cacheBytes(shape));
    const zeros = relative(weightsFolder, file).split(sep).join('/');
    const withCaches = withPageCaches(graph, { ...shape, zeros });
    return await GpuSession.create({ graph: withCaches, weightsFolder }, place, extras);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The folder above all others on the drive of temporary files. */
export function rootFolder(): string {
  return parse(tmpdir()).root;
}
