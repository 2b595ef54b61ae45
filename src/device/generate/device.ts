import type { DeviceLimits } from '../../messages.js';
import type { PreparedModel } from '../../model/graph/contract.js';
import { Forward } from './forward.js';
import { kvShapeOf } from '../kv/kv-arrays.js';
import { KvSlots } from '../kv/kv-slots.js';
import { idleRowsMax } from '../limits.js';
import { ModelRunner } from './model-runner.js';
import { OrtSession, type OrtOptions } from '../ort.js';
import { PagePool } from '../kv/page-pool.js';
import { probeDevice } from './probe.js';
import { SlotMasks } from './slot-masks.js';

/** A loaded model that can run steps. */
export interface Device {
  readonly runner: ModelRunner;
  readonly release: () => Promise<void>;
}

/** Loads the weights, makes the KV arrays and proves in-place semantics. Throws when any of it fails. */
export async function openDevice(
  model: PreparedModel,
  limits: DeviceLimits,
  options: OrtOptions,
  masks = new SlotMasks(),
): Promise<Device> {
  const shape = kvShapeOf(model.spec);
  const slots = new KvSlots(shape, { ...limits, idleRowsMax: idleRowsMax(limits) });
  const pages = new PagePool(shape, limits);
  const session = await OrtSession.create(model, options);
  const forward = new Forward(session, model.spec, slots);
  await probeDevice(forward, slots, model.spec);
  return {
    runner: new ModelRunner({ forward, slots, pages, masks }),
    release: () => session.release(),
  };
}
