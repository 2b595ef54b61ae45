import type { StepPlan } from '../../core/batch.js';
import type { KvStore } from '../backend.js';
import type { DraftModel } from '../speculation/draft-model.js';
import { DraftHistory } from '../speculation/open-planner.js';
import { DeviceSlot } from './device-slot.js';
import type { SlotMasks } from './slot-masks.js';

export interface OpenSlotsParts {
  readonly kv: KvStore;
  readonly masks: SlotMasks;
  /** Has a slot of its own for each that drafts with it. */
  readonly draftModel?: DraftModel | null;
}

/** The slots that requests have, and what steps do to them before and behind their rows. */
export class OpenSlots {
  readonly #kv: KvStore;
  readonly #masks: SlotMasks;
  readonly #draftModel: DraftModel | null;
  readonly #slots = new Map<number, DeviceSlot>();
  readonly #draftHistory = new DraftHistory();

  constructor({ kv, masks, draftModel = null }: OpenSlotsParts) {
    this.#kv = kv;
    this.#masks = masks;
    this.#draftModel = draftModel;
  }

  get size(): number {
    return this.#slots.size;
  }

  find(slotId: number): DeviceSlot | undefined {
    return this.#slots.get(slotId);
  }

  at(slotId: number): DeviceSlot {
    const slot = this.#slots.get(slotId);
    if (slot === undefined) throw new Error(`this is a bug: slot ${slotId} is not open`);
    return slot;
  }

  /**
   * What comes before the rows of steps that run together. A later one may begin a request in a slot that one before it
   * frees: what that slot has is stored first.
   */
  begin(plans: readonly StepPlan[]): void {
    for (const [i, plan] of plans.entries()) {
      const begun = new Set(plan.opens.map(({ slot }) => slot));
      for (const earlier of plans.slice(0, i)) this.#leave(earlier, (slot) => begun.has(slot));
      for (const open of plan.opens) {
        const slot = new DeviceSlot(open, this.#draftHistory);
        this.#kv.open(open.slot);
        this.#slots.set(open.slot, slot);
        this.#masks.open(open.slot, slot);
        if (slot.modelDrafter !== null) this.#draftModel?.open(open.slot);
      }
      for (const row of plan.maps) this.#kv.map(row);
      for (const row of plan.loads) this.#kv.load(row);
    }
    this.#kv.saveStates(plans.flatMap(({ saves }) => saves));
  }

  /** What comes behind their rows. */
  end(plans: readonly StepPlan[]): void {
    for (const [i, plan] of plans.entries()) {
      const begunSince = new Set(
        plans.slice(i + 1).flatMap(({ opens }) => opens.map(({ slot }) => slot)),
      );
      this.#leave(plan, (slot) => !begunSince.has(slot));
    }
    if (plans.some(({ frees }) => frees.length > 0)) this.#kv.giveBackMemory();
  }

  /** The stores and frees of the plan's slots that are meant. */
  #leave({ stores, frees }: StepPlan, isMeant: (slot: number) => boolean): void {
    for (const { slot, fromToken, pages } of stores) {
      if (isMeant(slot)) this.#kv.store(slot, fromToken, pages);
    }
    const freed = frees.filter(isMeant);
    for (const slot of freed) {
      this.#kv.free(slot);
      this.#slots.delete(slot);
      this.#masks.close(slot);
    }
    if (freed.length > 0) this.#draftModel?.free(freed);
  }
}
