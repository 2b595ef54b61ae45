import type { DeviceLimits } from '../../messages.js';
import type { PreparedModel } from '../../model/graph/contract.js';
import { openCpuDevice } from '../cpu/cpu-device.js';
import type { OrtOptions } from '../ort.js';
import { ModelRunner } from './model-runner.js';
import { SlotMasks } from './slot-masks.js';

/** A loaded model that can run steps. */
export interface Device {
  readonly runner: ModelRunner;
  readonly release: () => Promise<void>;
}

/** Loads the weights, makes room for KV and proves what the runner builds on. Throws when any of it fails. */
export async function openDevice(
  model: PreparedModel,
  limits: DeviceLimits,
  options: OrtOptions,
  masks = new SlotMasks(),
): Promise<Device> {
  const { kv, forward, release } = await openCpuDevice(model, limits, options);
  return { runner: new ModelRunner({ kv, forward, masks }), release };
}
