import { FULLY_DETERMINISTIC } from '../../core/device-facts.js';
import type { DeviceLimits } from '../../messages.js';
import type { PreparedModel } from '../../model/graph/contract.js';
import type { ModelBackend } from '../backend.js';
import { idleRowsMax } from '../limits.js';
import { LoraStore } from '../lora/lora-store.js';
import { OrtSession, type OrtOptions } from '../ort.js';
import { CpuForward } from './cpu-forward.js';
import { CpuKv } from './cpu-kv.js';
import { probeCpu } from './cpu-probe.js';
import { kvShapeOf } from './kv-arrays.js';
import { KvSlots } from './kv-slots.js';
import { PagePool } from './page-pool.js';
import { StatePlaces } from './state-places.js';

/**
 * Loads the weights, makes the KV arrays and proves in-place semantics. Throws when any of it fails.
 *
 * @param numPages fewer than the limits say, where nothing is stored
 */
export async function openCpuDevice(
  model: PreparedModel,
  limits: DeviceLimits,
  options: OrtOptions,
  numPages = limits.numPages,
): Promise<ModelBackend> {
  const shape = kvShapeOf(model.spec);
  const slots = new KvSlots(shape, { ...limits, idleRowsMax: idleRowsMax(limits) });
  const pages = new PagePool(shape, { ...limits, numPages });
  const places =
    shape.state !== null && limits.states !== undefined
      ? new StatePlaces(shape.state, limits.states.numPlaces)
      : null;
  const session = await OrtSession.create(model, options);
  const { lora = [] } = model.spec;
  const adapters = lora.length === 0 ? null : new LoraStore(lora);
  const forward = new CpuForward(session, model.spec, slots, adapters);
  await probeCpu(forward, slots, model.spec);
  const { isBatchInvariant: batches } = model;
  const facts = { kind: 'cpu', determinism: { ...FULLY_DETERMINISTIC, batches } } as const;
  return {
    kv: new CpuKv(slots, pages, places),
    forward,
    facts,
    adapters,
    release: () => session.release(),
  };
}
