import type { MessagePort } from 'node:worker_threads';
import { keepBeating, type Heart } from '../actor/heart.js';
import { Port } from '../actor/port.js';
import type { EmbedPlan, StepPlan } from '../core/batch.js';
import { MaskBoard } from '../core/mask-board.js';
import type {
  ConnectGrammars,
  DeviceId,
  DeviceLimits,
  DeviceToMain,
  FromDevice,
  InjectFault,
  MainToDevice,
  ToDevice,
  ToMatchers,
} from '../messages.js';
import type { PreparedModel } from '../model/graph/contract.js';
import { openDevice } from './generate/device.js';
import { openEmbedDevice } from './embed/embed-device.js';
import { EmbedRunner } from './embed/embed-runner.js';
import { failNow } from './fault.js';
import { mayJoin } from './generate/joined-steps.js';
import type { ModelRunner } from './generate/model-runner.js';
import { SlotMasks } from './generate/slot-masks.js';
import { GpuLock, type GpuLockShare } from './gpu-lock.js';
import type { LoraStore } from './lora/lora-store.js';
import type { OrtOptions } from './ort.js';
import type { GpuPlace } from './paged/gpu-session.js';

/** All that a device thread is given; copied, but for the ports. */
export interface DeviceInit {
  readonly device: DeviceId;
  readonly model: PreparedModel;
  /** Drafts for the model; null = none. */
  readonly draft: PreparedModel | null;
  readonly limits: DeviceLimits;
  readonly ort: OrtOptions;
  /** Card of each rank; the CPU has none. */
  readonly cards: readonly number[];
  /** `--enable-deterministic-inference` */
  readonly isDeterministic: boolean;
  readonly gpuLock: GpuLockShare;
  /** Transferred. Carries {@link ToDevice} and {@link FromDevice}. */
  readonly schedulerPort: MessagePort;
  /** Transferred. Carries {@link MainToDevice} and {@link DeviceToMain}. */
  readonly mainPort: MessagePort;
  /** Shared; beats while the thread's event loop comes round. */
  readonly heart: Heart;
}

/**
 * The life of a device thread: load, announce, run steps until told to retire, release. The caller ends
 * the thread afterwards, from inside it. Rejects when loading or a step fails.
 */
export async function serveDevice(init: DeviceInit): Promise<void> {
  keepBeating(init.heart);
  const main = new Port<DeviceToMain, MainToDevice>(init.mainPort);
  const scheduler = new Port<FromDevice, ToDevice>(init.schedulerPort);
  const { embedding, vocabSize } = init.model.spec;
  const masks = new SlotMasks();
  const device =
    embedding === null
      ? await openDevice(init.model, init.limits, {
          ort: init.ort,
          place: placeOf(init),
          masks,
          draft: init.draft,
        })
      : await openEmbedDevice(init.model, embedding, init.ort);
  try {
    const worker = new DeviceWorker({
      runner: device.runner,
      scheduler,
      main,
      limits: init.limits,
      vocabSize,
      masks,
      adapters: device.adapters,
    });
    main.post({ kind: 'ready', device: init.device, limits: init.limits, facts: device.facts });
    await worker.serve();
    main.post({ kind: 'retired', device: init.device });
  } finally {
    await device.release();
    masks.disconnect();
    scheduler.close();
    main.close();
  }
}

/** Where the device is to be; null = this CPU. */
function placeOf({ device, model, cards, isDeterministic, gpuLock }: DeviceInit): GpuPlace | null {
  const { device: kind } = model.target;
  if (kind === 'cpu') return null;
  const lock = new GpuLock(gpuLock.word, gpuLock.holder);
  return { kind, card: cards[device.rank] ?? 0, isDeterministic, lock };
}

export interface WorkerParts {
  /** Generates or embeds; plans of the other kind are bugs. */
  readonly runner: ModelRunner | EmbedRunner;
  readonly scheduler: Port<FromDevice, ToDevice>;
  readonly main: Port<DeviceToMain, MainToDevice>;
  readonly limits: DeviceLimits;
  readonly vocabSize: number;
  /** Those of the runner. */
  readonly masks: SlotMasks;
  /** Those of the runner's model; default: it has no place for any. */
  readonly adapters?: LoraStore | null;
}

interface QueuedStep {
  readonly kind: 'step';
  readonly plan: StepPlan;
  /** Slots that this step opens for requests that have gone since. */
  readonly cancelled: Set<number>;
}

interface QueuedEmbed {
  readonly kind: 'embed';
  readonly plan: EmbedPlan;
}

/** Runs steps in the order they come. Between two runs of the model it reads its mail. */
export class DeviceWorker {
  readonly #parts: WorkerParts;
  readonly #queue: (QueuedStep | QueuedEmbed)[] = [];
  #current: readonly StepPlan[] = [];
  #retiring = false;
  #releasingKv = false;
  #fault: InjectFault['how'] | null = null;
  #wake: () => void = () => undefined;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    const receive = (message: ToDevice | MainToDevice): void => {
      this.#receive(message);
      this.#wake();
    };
    parts.scheduler.onMessage(receive);
    parts.main.onMessage(receive);
  }

  async serve(): Promise<void> {
    for (;;) {
      this.#readMail();
      const next = this.#queue.shift();
      if (next?.kind === 'step') await this.#runSteps([next, ...this.#takeJoining(next)]);
      else if (next?.kind === 'embed') await this.#runEmbed(next);
      else if (this.#releasingKv) await this.#releaseKv();
      else if (this.#retiring) return;
      else await this.#mail();
    }
  }

  /** Takes steps behind `first` that may run together with it. */
  #takeJoining(first: QueuedStep): QueuedStep[] {
    const joining: QueuedStep[] = [];
    const plans = [first.plan];
    for (;;) {
      const [next] = this.#queue;
      if (!this.#generator.joinsSteps || next?.kind !== 'step') return joining;
      if (!mayJoin(plans, next.plan)) return joining;
      this.#queue.shift();
      joining.push(next);
      plans.push(next.plan);
    }
  }

  async #runSteps(steps: readonly QueuedStep[]): Promise<void> {
    this.#current = steps.map(({ plan }) => plan);
    await this.#generator.execute(this.#current, {
      betweenRuns: () => {
        this.#readMail();
        for (const { cancelled } of steps) {
          for (const slot of cancelled) this.#cancelOpen(slot);
          cancelled.clear();
        }
      },
      deliver: (result) => {
        const buffers = result.hiddenRows.map(({ values }) => values.buffer);
        this.#parts.scheduler.post({ kind: 'stepDone', result }, buffers);
      },
    });
    this.#current = [];
  }

  async #runEmbed({ plan }: QueuedEmbed): Promise<void> {
    const { runner } = this.#parts;
    if (!(runner instanceof EmbedRunner)) throw new Error('this is a bug: nothing embeds here');
    const result = await runner.execute(plan, () => {
      this.#readMail();
    });
    this.#parts.scheduler.post({ kind: 'embedDone', result }, [result.vectors.buffer]);
  }

  async #releaseKv(): Promise<void> {
    const { runner, main } = this.#parts;
    this.#releasingKv = false;
    if (!(runner instanceof EmbedRunner)) await runner.releaseKv();
    main.post({ kind: 'kvReleased' });
  }

  /** Takes every waiting message without leaving the thread. */
  #readMail(): void {
    for (const port of [this.#parts.scheduler, this.#parts.main]) {
      for (let message = port.takeNow(); message !== null; message = port.takeNow()) {
        this.#receive(message);
      }
    }
    if (this.#fault !== null) failNow(this.#fault);
  }

  #mail(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #receive(message: ToDevice | MainToDevice): void {
    switch (message.kind) {
      case 'step':
        this.#queue.push({ kind: 'step', plan: message.plan, cancelled: new Set() });
        break;
      case 'embed':
        this.#queue.push(message);
        break;
      case 'cancel':
        this.#cancel(message.slot);
        break;
      case 'retire':
        this.#retiring = true;
        break;
      case 'releaseKv':
        this.#releasingKv = true;
        break;
      case 'connectGrammars':
        this.#connectGrammars(message);
        break;
      case 'loadAdapter':
        this.#adapters.load(message.adapter, message.weights);
        break;
      case 'unloadAdapter':
        this.#adapters.unload(message.adapter);
        break;
      case 'fault':
        this.#fault = message.how;
    }
  }

  #connectGrammars({ port, board }: ConnectGrammars): void {
    const { masks, limits, vocabSize } = this.#parts;
    const shape = { numSlots: limits.numSlots, vocabSize };
    masks.connect(new Port<ToMatchers, never>(port), new MaskBoard(shape, board));
  }

  get #adapters(): LoraStore {
    const { adapters = null } = this.#parts;
    if (adapters === null) throw new Error('this is a bug: no place for adapters');
    return adapters;
  }

  get #generator(): ModelRunner {
    const { runner } = this.#parts;
    if (runner instanceof EmbedRunner) throw new Error('this is a bug: nothing generates here');
    return runner;
  }

  get #queuedSteps(): readonly QueuedStep[] {
    return this.#queue.filter((queued) => queued.kind === 'step');
  }

  /** The message means the slot's latest owner, who may not have been opened yet. */
  #cancel(slot: number): void {
    const opening = this.#queuedSteps.findLast(({ plan }) =>
      plan.opens.some((open) => open.slot === slot),
    );
    if (opening === undefined) this.#cancelOpen(slot);
    else opening.cancelled.add(slot);
  }

  #cancelOpen(slot: number): void {
    const plans = this.#queuedSteps.map(({ plan }) => plan);
    plans.push(...this.#current);
    this.#generator.cancel(slot, storedRows(plans, slot, this.#parts.limits.pageSizeTokens));
  }
}

/** Rows of the slot that the plans copy to pages: `[0, result)` must be computed by then. */
export function storedRows(
  plans: readonly StepPlan[],
  slot: number,
  pageSizeTokens: number,
): number {
  const stores = plans.flatMap((plan) => plan.stores).filter((row) => row.slot === slot);
  return Math.max(0, ...stores.map((row) => row.fromToken + row.pages.length * pageSizeTokens));
}
