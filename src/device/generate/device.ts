import type { DeviceFacts } from '../../core/device-facts.js';
import type { DeviceLimits } from '../../messages.js';
import type { PreparedModel } from '../../model/graph/contract.js';
import { openCpuDevice } from '../cpu/cpu-device.js';
import type { LoraStore } from '../lora/lora-store.js';
import type { OrtOptions } from '../ort.js';
import type { GpuPlace } from '../paged/gpu-session.js';
import { openPagedDevice } from '../paged/paged-device.js';
import { DraftModel } from '../speculation/draft-model.js';
import { ModelRunner } from './model-runner.js';
import { SlotMasks } from './slot-masks.js';

/** A loaded model that can run steps. */
export interface Device {
  readonly runner: ModelRunner;
  readonly facts: DeviceFacts;
  /** Null = the model has no place for adapters. */
  readonly adapters: LoraStore | null;
  readonly release: () => Promise<void>;
}

export interface DeviceOptions {
  readonly ort: OrtOptions;
  /** Null = this CPU. */
  readonly place?: GpuPlace | null;
  readonly masks?: SlotMasks;
  /** Drafts for the other on this CPU; null = none. */
  readonly draft?: PreparedModel | null;
}

/** Loads the weights, makes room for KV and proves what the runner builds on. Throws when any of it fails. */
export async function openDevice(
  model: PreparedModel,
  limits: DeviceLimits,
  { place = null, masks = new SlotMasks(), draft = null, ...options }: DeviceOptions,
): Promise<Device> {
  const ort = draft === null ? options.ort : takingTurns(options.ort);
  const backend =
    place === null
      ? await openCpuDevice(model, limits, ort)
      : await openPagedDevice(model, limits, place);
  const { kv, forward, facts, adapters = null, release } = backend;
  const drafts = draft === null ? null : await openCpuDevice(draft, limits, ort, 0);
  const draftModel = drafts && new DraftModel(drafts, model.spec);
  return {
    runner: new ModelRunner({ kv, forward, masks, draftModel }),
    facts,
    adapters,
    release: async () => {
      await Promise.all([release(), drafts?.release()]);
    },
  };
}

/** Two sessions that run in turn: between its runs neither's threads may spin, which would halve the other's speed. */
function takingTurns(ort: OrtOptions): OrtOptions {
  return { ...ort, spinning: ort.spinning === false ? false : 'during runs' };
}
