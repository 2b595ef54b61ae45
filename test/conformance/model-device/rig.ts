import { stepOf, type MapRow, type StepPlan, type StepResult } from '../../../src/core/batch.js';
import type { DeviceFacts } from '../../../src/core/device-facts.js';
import type { ModelSpec } from '../../../src/core/model-spec.js';
import type { ModelBackend } from '../../../src/device/backend.js';
import { ModelRunner } from '../../../src/device/generate/model-runner.js';
import { SlotMasks } from '../../../src/device/generate/slot-masks.js';
import type { DeviceLimits } from '../../../src/messages.js';
import type { PreparedModel } from '../../../src/model/graph/contract.js';
import type { TargetRequest } from '../../../src/model/target.js';
import { resultOf, tinyModel } from '../../unit/device/runner-harness.js';
import { WatchedForward, type WatchedRun } from './watched-forward.js';

/** Tokens of a page: what a GPU takes, and a CPU as well. */
export const PAGE = 64;
/** Of the tiny models. */
export const CONTEXT = 128;
const SLOT_PAGES = CONTEXT / PAGE;
const LIMITS: DeviceLimits = {
  numSlots: 6,
  slotLength: CONTEXT,
  numPages: 64,
  pageSizeTokens: PAGE,
};

/** How the devices of a back end are made. */
export interface DeviceMaker {
  readonly target: TargetRequest;
  open(model: PreparedModel, limits: DeviceLimits): Promise<ModelBackend>;
}

/**
 * A runner over the real runtime that gives pages to slots, as the scheduler does: those that a plan loads, then pages
 * of the slot's own, the lowest that are free. Pages that a plan stores stay what they are until {@link forget}; others
 * are taken again with what was left in them, those that a plan swaps by the slots that it opens.
 */
export class DeviceRig {
  readonly masks = new SlotMasks();
  readonly spec: ModelSpec;
  readonly #backend: ModelBackend;
  readonly #forward: WatchedForward;
  readonly #runner: ModelRunner;
  readonly #pages = new Map<number, Int32Array>();
  readonly #kept = new Set<number>();
  readonly #free = new Set(Array.from({ length: LIMITS.numPages }, (_, page) => page));
  #step = 0;

  private constructor(backend: ModelBackend, spec: ModelSpec) {
    this.#backend = backend;
    this.spec = spec;
    this.#forward = new WatchedForward(backend.forward);
    this.#runner = new ModelRunner({ kv: backend.kv, forward: this.#forward, masks: this.masks });
  }

  static async open(maker: DeviceMaker, fixture: string): Promise<DeviceRig> {
    const model = await tinyModel(fixture, maker.target);
    return new DeviceRig(await maker.open(model, LIMITS), model.spec);
  }

  get facts(): DeviceFacts {
    return this.#backend.facts;
  }

  /** Pages of a slot that is open, in the order of its rows. */
  pagesOf(slot: number): Int32Array {
    return this.#pages.get(slot) ?? new Int32Array(0);
  }

  /** The step, and the maps that it needs. */
  async run(
    parts: Partial<StepPlan>,
    betweenRuns: () => void = () => undefined,
  ): Promise<StepResult> {
    const { opens = [], loads = [], maps = [], stores = [], frees = [] } = parts;
    for (const row of maps) this.#swap(row);
    const given = opens.map(({ slot }) => {
      const loaded = loads.find((row) => row.slot === slot)?.pages ?? new Int32Array(0);
      return this.#give(slot, loaded);
    });
    for (const { pages } of stores) for (const page of pages) this.#kept.add(page);
    const plan = stepOf(this.#step++, { ...parts, maps: [...maps, ...given] });
    const result = await resultOf(this.#runner, plan, betweenRuns);
    for (const slot of frees) this.#takeBack(slot);
    return result;
  }

  cancel(slot: number, storedRows: number): void {
    this.#runner.cancel(slot, storedRows);
  }

  releaseKv(): Promise<void> {
    return this.#runner.releaseKv();
  }

  /** The runs of the model that `work` makes. */
  async runsOf(work: () => Promise<unknown>): Promise<readonly WatchedRun[]> {
    this.#forward.runs.length = 0;
    await work();
    return [...this.#forward.runs];
  }

  /** Nobody needs these stored pages any more. */
  forget(pages: Int32Array): void {
    for (const page of pages) if (this.#kept.delete(page)) this.#free.add(page);
  }

  release(): Promise<void> {
    return this.#backend.release();
  }

  #give(slot: number, loaded: Int32Array): MapRow {
    const pages = new Int32Array(SLOT_PAGES);
    pages.set(loaded);
    for (let i = loaded.length; i < SLOT_PAGES; i++) pages[i] = this.#takePage();
    this.#pages.set(slot, pages);
    return { slot, fromPage: 0, pages: pages.slice() };
  }

  #takePage(): number {
    const page = Math.min(...this.#free);
    if (!this.#free.delete(page)) throw new Error('the rig has no page left: stored ones stay');
    return page;
  }

  #swap({ slot, fromPage, pages }: MapRow): void {
    const mapped = this.pagesOf(slot);
    this.#setFree(mapped.subarray(fromPage, fromPage + pages.length));
    mapped.set(pages, fromPage);
  }

  #takeBack(slot: number): void {
    this.#setFree(this.pagesOf(slot));
    this.#pages.delete(slot);
  }

  #setFree(pages: Int32Array): void {
    for (const page of pages) if (!this.#kept.has(page)) this.#free.add(page);
  }
}
