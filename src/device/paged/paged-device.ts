import type { ModelSpec } from '../../core/model-spec.js';
import type { DeviceLimits } from '../../messages.js';
import type { PreparedModel } from '../../model/graph/contract.js';
import type { ModelBackend } from '../backend.js';
import { probeAttention } from './attention-probe.js';
import type { GpuPlace, GpuSession } from './gpu-session.js';
import type { SessionExtras } from '../ort.js';
import { createWithCaches } from './page-session.js';
import { ProbeError } from '../probe-error.js';
import { PagedForward } from './paged-forward.js';
import { PagedKv } from './paged-kv.js';
import { probePaged } from './paged-probe.js';
import { cpuNodesOf, fallbackText, isFallback } from './placements.js';
import { reasonOf } from './runtime-reason.js';

/** Loads weights and pages onto a GPU and proves what the runner builds on. Throws when any of it fails. */
export async function openPagedDevice(
  { spec, graph, weightsFolder }: PreparedModel,
  limits: DeviceLimits,
  place: GpuPlace,
): Promise<ModelBackend> {
  const { numLayers, numKvHeads, headDim, kvType: type } = spec;
  if (type === 'i8') throw new Error('this is a bug: pages of a GPU hold floats');
  const heads = { ...spec, kvType: type };
  await probeAttention(heads, limits.pageSizeTokens, place).catch(cannotUse);
  const { pageSizeTokens } = limits;
  // The last one is the spare page.
  const numPages = limits.numPages + 1;
  const shape = { numLayers, numPages, pageSizeTokens, numKvHeads, headDim, type };
  const open = (extras?: SessionExtras): Promise<GpuSession> =>
    createWithCaches({ graph, weightsFolder }, shape, place, extras);
  const session = await open().catch(async (error: unknown) => {
    if (!isFallback(error)) return cannotLoad(error);
    const nodes = await cpuNodesOf(open, (traced) => runOnce(traced, spec, limits, place));
    throw new Error(fallbackText(place.kind, nodes), { cause: error });
  });
  const kv = new PagedKv(limits);
  const forward = new PagedForward(session, spec, kv, place);
  try {
    const determinism = await probePaged(forward, kv, spec);
    const facts = { kind: place.kind, determinism };
    return { kv, forward, facts, release: () => session.release() };
  } catch (error) {
    await session.release();
    throw error instanceof ProbeError ? error : cannotLoad(error);
  }
}

/** One row through all that the graph computes. */
async function runOnce(
  session: GpuSession,
  spec: ModelSpec,
  limits: DeviceLimits,
  place: GpuPlace,
): Promise<void> {
  const kv = new PagedKv(limits);
  kv.open(0);
  await new PagedForward(session, spec, kv, place).run({
    slots: [0],
    numDecoding: 1,
    counts: [1],
    tokens: Int32Array.of(0),
    lengths: Int32Array.of(1),
    headRows: [0],
    temperatures: [1],
    wholeRows: [true],
    wantLogits: true,
    hiddenRows: [0],
    wantExperts: true,
  });
}

/** Attention alone needs next to no memory: where it has no session, nothing has. */
function cannotUse(error: unknown): never {
  if (error instanceof ProbeError) throw error;
  throw new Error(`the GPU cannot be used (${reasonOf(error)})`, { cause: error });
}

/** What drivers say of too little memory has no words in common. */
function cannotLoad(error: unknown): never {
  throw new Error(
    `the GPU cannot hold or run this model (${reasonOf(error)}). ` +
      'If memory is short: lower --gpu-memory-gb or --max-total-tokens, or use a smaller --quantization',
    { cause: error },
  );
}
