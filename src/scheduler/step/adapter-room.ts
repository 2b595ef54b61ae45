import { BASE_MODEL, type LoraId } from '../../core/lora.js';
import type { SchedulerConfig } from '../../core/scheduler-config.js';
import type { DeviceLink } from '../devices/link.js';
import { runningAdapters } from '../devices/running-adapters.js';
import type { Req } from '../req.js';

/**
 * Whose adapter there is room for, `--max-loras-per-batch` at once. Behind one that has to wait nobody with an adapter
 * is let in: else those that run could keep it out for ever.
 */
export class AdapterRoom {
  readonly #most: number;
  readonly #running: Set<LoraId>;
  #someWait = false;

  constructor({ maxLorasPerBatch }: Pick<SchedulerConfig, 'maxLorasPerBatch'>, link: DeviceLink) {
    this.#most = maxLorasPerBatch;
    this.#running = new Set(runningAdapters(link));
  }

  takes({ input: { adapter = BASE_MODEL } }: Pick<Req, 'input'>): boolean {
    if (adapter === BASE_MODEL) return true;
    const fits = this.#running.has(adapter) || this.#running.size < this.#most;
    if (!fits) this.#someWait = true;
    return fits && !this.#someWait;
  }

  add({ input: { adapter = BASE_MODEL } }: Pick<Req, 'input'>): void {
    if (adapter !== BASE_MODEL) this.#running.add(adapter);
  }
}
