import type { DeviceLimits } from '../../messages.js';
import type { PreparedModel } from '../../model/graph/contract.js';
import type { ModelBackend } from '../backend.js';
import { idleRowsMax } from '../limits.js';
import { OrtSession, type OrtOptions } from '../ort.js';
import { CpuForward } from './cpu-forward.js';
import { CpuKv } from './cpu-kv.js';
import { probeCpu } from './cpu-probe.js';
import { kvShapeOf } from './kv-arrays.js';
import { KvSlots } from './kv-slots.js';
import { PagePool } from './page-pool.js';

/** Loads the weights, makes the KV arrays and proves in-place semantics. Throws when any of it fails. */
export async function openCpuDevice(
  model: PreparedModel,
  limits: DeviceLimits,
  options: OrtOptions,
): Promise<ModelBackend> {
  const shape = kvShapeOf(model.spec);
  const slots = new KvSlots(shape, { ...limits, idleRowsMax: idleRowsMax(limits) });
  const pages = new PagePool(shape, limits);
  const session = await OrtSession.create(model, options);
  const forward = new CpuForward(session, model.spec, slots);
  await probeCpu(forward, slots, model.spec);
  return { kv: new CpuKv(slots, pages), forward, release: () => session.release() };
}
