import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { stepOf, type PrefillRow, type SlotOpen, type StepPlan } from '../../../src/core/batch.js';
import type { ModelSpec } from '../../../src/core/model-spec.js';
import { greedySampling } from '../../../src/core/sampling-params.js';
import { CpuPool, quantizeOn } from '../../../src/cpu/pool.js';
import { calibrateOnText } from '../../../src/fleet/calibrate-on-text.js';
import { openDevice, type Device } from '../../../src/device/generate/device.js';
import { IDLE_SHARE } from '../../../src/device/limits.js';
import type { LoadFormat } from '../../../src/model/built-model.js';
import { prepareModel } from '../../../src/model/prepare-model.js';
import type { Quantization } from '../../../src/model/quantize/format.js';
import { benchCacheDir } from './cache-dir.js';

const PAGE_TOKENS = 16;
/** Only an odd run asks for the token before it; any will do for speed. */
const ANY_TOKEN = 100;

export interface DeviceModel {
  readonly folder: string;
  readonly loadFormat: LoadFormat;
  readonly quantization: Quantization;
  readonly numThreads: number;
  /** `--disable-mla` */
  readonly expandsLatents?: boolean;
}

export interface DeviceRoom {
  readonly numSlots: number;
  /** Tokens of a slot. */
  readonly slotLength: number;
}

const AS_SERVED = { device: 'cpu', dtype: 'auto', kvCacheDtype: 'auto' } as const;

/** The device in this process: plans steps as the scheduler would, and waits for each. */
export class DeviceAlone {
  readonly spec: ModelSpec;
  readonly #device: Device;
  readonly #room: DeviceRoom;
  /** By slot: rows that hold KV. */
  readonly #lengths = new Map<number, number>();
  #step = 0;

  private constructor(spec: ModelSpec, device: Device, room: DeviceRoom) {
    this.spec = spec;
    this.#device = device;
    this.#room = room;
  }

  static async open(model: DeviceModel, room: DeviceRoom): Promise<DeviceAlone> {
    const { numThreads, ...options } = model;
    const pool = new CpuPool({ numThreads });
    const prepared = await prepareModel(
      { ...options, contextLength: room.slotLength, device: AS_SERVED },
      {
        runJob: quantizeOn(pool),
        productSums: () => pool.productSums(),
        calibrateKv: ({ model, tokenizerFolder }) =>
          calibrateOnText((...task) => pool.calibrate(...task), model, [tokenizerFolder]),
        cacheDir: join(benchCacheDir(), 'weights'),
        temporaryDir: tmpdir(),
        warn: console.error,
        progress: () => undefined,
      },
    );
    await pool.close();
    const limits = { ...room, numPages: pagesFor(room), pageSizeTokens: PAGE_TOKENS };
    const device = await openDevice(prepared, limits, { ort: { numThreads, spinning: true } });
    return new DeviceAlone(prepared.spec, device, room);
  }

  /** Opens slot i with prompt i and computes it up to its first token. Milliseconds. */
  prefill(prompts: readonly (readonly number[])[]): Promise<number> {
    for (const [slot, ids] of prompts.entries()) this.#lengths.set(slot, ids.length);
    return this.#execute({
      opens: prompts.map((ids, slot) => this.#open(slot, ids.length)),
      prefill: prompts.map((ids, slot) => rowOf(slot, { position: 0, ids, sample: true })),
    });
  }

  /** Computes `ids` behind what the slot has. Milliseconds. */
  extend(slot: number, ids: readonly number[]): Promise<number> {
    const position = this.lengthOf(slot);
    this.#lengths.set(slot, position + ids.length);
    return this.#execute({ prefill: [rowOf(slot, { position, ids, sample: false })] });
  }

  /** One token for each of the slots. Milliseconds. */
  decode(slots: readonly number[]): Promise<number> {
    for (const slot of slots) this.#lengths.set(slot, this.lengthOf(slot) + 1);
    return this.#execute({ decode: Int32Array.from(slots.flatMap((slot) => [slot, -1, 1])) });
  }

  async free(slots: readonly number[]): Promise<void> {
    await this.#execute({ frees: slots });
  }

  /** Gives the weights back. */
  close(): Promise<void> {
    return this.#device.release();
  }

  /** Rows that hold KV. */
  lengthOf(slot: number): number {
    return this.#lengths.get(slot) ?? 0;
  }

  async #execute(parts: Partial<StepPlan>): Promise<number> {
    const start = performance.now();
    const hooks = { betweenRuns: () => undefined, deliver: () => undefined };
    await this.#device.runner.execute([stepOf(this.#step++, parts)], hooks);
    return performance.now() - start;
  }

  /** As `/generate` with temperature 0 and ignore_eos. */
  #open(slot: number, promptLen: number): SlotOpen {
    return {
      slot,
      sampling: greedySampling(this.#room.slotLength),
      promptLen,
      priorOutputIds: new Int32Array(0),
      grammar: null,
      logprobs: null,
      hiddenFrom: Infinity,
      speculation: null,
    };
  }
}

/**
 * Nothing is kept, but freed rows may stay resident only as far as there are pages: without them each slot
 * that is freed would make all KV arrays anew. Untouched pages are addresses and no memory.
 */
function pagesFor({ numSlots, slotLength }: DeviceRoom): number {
  return Math.ceil((numSlots * slotLength) / IDLE_SHARE / PAGE_TOKENS);
}

interface Rows {
  readonly position: number;
  readonly ids: readonly number[];
  readonly sample: boolean;
}

function rowOf(slot: number, { position, ids, sample }: Rows): PrefillRow {
  const tokens = Int32Array.from(ids);
  const previousToken = position === 0 ? -1 : ANY_TOKEN;
  return { slot, position, tokens, previousToken, nextToken: -1, sample };
}
