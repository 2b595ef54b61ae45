import type { DeviceLimits } from '../../messages.js';
import type { PreparedModel } from '../../model/graph/contract.js';
import { openCpuDevice } from '../cpu/cpu-device.js';
import type { OrtOptions } from '../ort.js';
import type { GpuPlace } from '../paged/gpu-session.js';
import { openPagedDevice } from '../paged/paged-device.js';
import { ModelRunner } from './model-runner.js';
import { SlotMasks } from './slot-masks.js';

/** A loaded model that can run steps. */
export interface Device {
  readonly runner: ModelRunner;
  readonly release: () => Promise<void>;
}

export interface DeviceOptions {
  readonly ort: OrtOptions;
  /** Null = this CPU. */
  readonly place?: GpuPlace | null;
  readonly masks?: SlotMasks;
}

/** Loads the weights, makes room for KV and proves what the runner builds on. Throws when any of it fails. */
export async function openDevice(
  model: PreparedModel,
  limits: DeviceLimits,
  { ort, place = null, masks = new SlotMasks() }: DeviceOptions,
): Promise<Device> {
  const { kv, forward, release } =
    place === null
      ? await openCpuDevice(model, limits, ort)
      : await openPagedDevice(model, limits, place);
  return { runner: new ModelRunner({ kv, forward, masks }), release };
}
