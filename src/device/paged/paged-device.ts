import { rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { makeOwnedFolder } from '../../core/owned-drafts.js';
import type { DeviceLimits } from '../../messages.js';
import type { PreparedModel } from '../../model/graph/contract.js';
import { cacheBytes, withPageCaches } from '../../model/graph/paged/page-caches.js';
import type { ModelBackend } from '../backend.js';
import { GpuSession, type GpuPlace } from './gpu-session.js';
import { PagedForward } from './paged-forward.js';
import { PagedKv } from './paged-kv.js';

/** Loads weights and pages onto a GPU and proves what the runner builds on. Throws when any of it fails. */
export async function openPagedDevice(
  model: PreparedModel,
  limits: DeviceLimits,
  place: GpuPlace,
): Promise<ModelBackend> {
  const session = await createSession(model, limits, place);
  const kv = new PagedKv(limits);
  const forward = new PagedForward(session, model.spec, kv);
  return { kv, forward, release: () => session.release() };
}

/** The caches begin as zeros of a file that takes no room, and that nobody needs once they are on the device. */
async function createSession(
  { spec, graph, weightsFolder }: PreparedModel,
  { numPages, pageSizeTokens }: DeviceLimits,
  place: GpuPlace,
): Promise<GpuSession> {
  const { numLayers, numKvHeads, headDim, kvType: type } = spec;
  const shape = { numPages: numPages + 1, pageSizeTokens, numKvHeads, headDim, type };
  const folder = await makeOwnedFolder(tmpdir(), 'kv');
  try {
    const file = join(folder, 'zeros');
    await writeFile(file, '');
    await truncate(file, cacheBytes(shape));
    const zeros = relative(weightsFolder, file).split(sep).join('/');
    const withCaches = withPageCaches(graph, { ...shape, numLayers, zeros });
    return await GpuSession.create({ graph: withCaches, weightsFolder }, place);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
