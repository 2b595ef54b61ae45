import type { DeviceFleet } from './device-fleet.js';
import type { Exclusive } from './exclusive.js';
import type { MemoryControl, MemoryTag } from '../engine/control.js';
import type { Logger } from '../observability/logger.js';
import type { Engine } from '../engine/engine.js';
import type { SchedulerDesk } from '../engine/scheduler-desk.js';
import { sentenceOf } from './update-failure.js';

const BUSY = 'Weights or memory are being changed. Please try again later.';
/** SGLang's assertion. */
const NOT_IDLE = 'release_memory_occupation should be called only when no ongoing request.';

/** Requests as this needs them: how many there are, a door before them, and the cache that they left behind. */
type Requests = Pick<Engine, 'numLive' | 'hold' | 'letIn'> & {
  readonly desk: Pick<SchedulerDesk, 'flushCache'>;
};

export interface MemoryOccupationDeps {
  readonly fleet: Pick<DeviceFleet, 'isAsleep' | 'sleep' | 'wake' | 'releaseKv'>;
  readonly engine: Requests;
  readonly log: Logger;
  /** What else changes the devices. */
  readonly changes: Exclusive;
}

interface Outcome {
  readonly failure: string | null;
}

/**
 * Gives the memory of an idle server back, and takes it again: a training loop on the same machine needs it
 * between two rollouts. Without `weights` there are no device threads; without `kv_cache` they hold no KV. As
 * long as either is released, new requests wait at the door.
 */
export class MemoryOccupation implements MemoryControl {
  readonly #deps: MemoryOccupationDeps;
  readonly #released = new Set<MemoryTag>();

  constructor(deps: MemoryOccupationDeps) {
    this.#deps = deps;
  }

  release(tags: readonly MemoryTag[]): Promise<string | null> {
    return this.#change(() => this.#release(tags));
  }

  resume(tags: readonly MemoryTag[]): Promise<string | null> {
    return this.#change(() => this.#resume(tags));
  }

  async #change(act: () => Promise<string | null>): Promise<string | null> {
    const outcome = await this.#deps.changes.perform<Outcome>(async () => ({
      failure: await act(),
    }));
    return outcome === null ? BUSY : outcome.failure;
  }

  async #release(tags: readonly MemoryTag[]): Promise<string | null> {
    const { engine } = this.#deps;
    engine.hold();
    try {
      const failure = engine.numLive > 0 ? NOT_IDLE : await this.#free(tags);
      if (failure !== null) return failure;
      for (const tag of tags) this.#released.add(tag);
      this.#say('Released');
      return null;
    } finally {
      // Nothing was released, now or before: nobody would open the door again.
      if (this.#released.size === 0) engine.letIn();
    }
  }

  async #free(tags: readonly MemoryTag[]): Promise<string | null> {
    const { engine, fleet } = this.#deps;
    const isNew = (tag: MemoryTag): boolean => tags.includes(tag) && !this.#released.has(tag);
    if (isNew('kv_cache') && !fleet.isAsleep) {
      // Nothing runs and nothing can enter, so this waits only for pages that are on their way back.
      const failure = await engine.desk.flushCache();
      if (failure !== null) return failure;
      await fleet.releaseKv();
    }
    // The KV lives with the weights: a prefix cache without them is of no use.
    if (isNew('weights')) await fleet.sleep();
    return null;
  }

  async #resume(tags: readonly MemoryTag[]): Promise<string | null> {
    const { engine, fleet } = this.#deps;
    if (tags.includes('weights') && fleet.isAsleep) {
      try {
        await fleet.wake();
      } catch (error) {
        return `The weights could not be loaded again: ${sentenceOf(error)}.`;
      }
    }
    for (const tag of tags) this.#released.delete(tag);
    if (this.#released.size === 0) engine.letIn();
    this.#say('Resumed');
    return null;
  }

  #say(what: string): void {
    const left = [...this.#released].join(', ') || 'nothing';
    this.#deps.log.info(`${what} memory; released now: ${left}.`);
  }
}
