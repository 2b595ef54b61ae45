import type { DeviceLimits } from '../../messages.js';
import type { PreparedModel } from '../../model/graph/contract.js';
import type { ModelBackend } from '../backend.js';
import { probeAttention } from './attention-probe.js';
import type { GpuPlace } from './gpu-session.js';
import { createWithCaches } from './page-session.js';
import { PagedForward } from './paged-forward.js';
import { PagedKv } from './paged-kv.js';
import { probePaged } from './paged-probe.js';

/** Loads weights and pages onto a GPU and proves what the runner builds on. Throws when any of it fails. */
export async function openPagedDevice(
  { spec, graph, weightsFolder }: PreparedModel,
  limits: DeviceLimits,
  place: GpuPlace,
): Promise<ModelBackend> {
  await probeAttention(spec, limits.pageSizeTokens, place);
  const { numLayers, numKvHeads, headDim, kvType: type } = spec;
  const { pageSizeTokens } = limits;
  // The last one is the spare page.
  const numPages = limits.numPages + 1;
  const shape = { numLayers, numPages, pageSizeTokens, numKvHeads, headDim, type };
  const session = await createWithCaches({ graph, weightsFolder }, shape, place);
  const kv = new PagedKv(limits);
  const forward = new PagedForward(session, spec, kv);
  try {
    const determinism = await probePaged(forward, kv, spec);
    const facts = { kind: place.kind, determinism };
    return { kv, forward, facts, release: () => session.release() };
  } catch (error) {
    await session.release();
    throw error;
  }
}
