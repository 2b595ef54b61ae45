import type { MessagePort } from 'node:worker_threads';
import { Port } from '../actor/port.js';
import type { StepPlan } from '../core/batch.js';
import type {
  DeviceId,
  DeviceLimits,
  DeviceToMain,
  FromDevice,
  InjectFault,
  MainToDevice,
  ToDevice,
} from '../messages.js';
import type { PreparedModel } from '../model/graph-io.js';
import { openDevice } from './device.js';
import { failNow } from './fault.js';
import type { ModelRunner } from './model-runner.js';
import type { OrtOptions } from './ort.js';

/** All that a device thread is given; copied, but for the ports. */
export interface DeviceInit {
  readonly device: DeviceId;
  readonly model: PreparedModel;
  readonly limits: DeviceLimits;
  readonly ort: OrtOptions;
  /** Transferred. Carries {@link ToDevice} and {@link FromDevice}. */
  readonly schedulerPort: MessagePort;
  /** Transferred. Carries {@link MainToDevice} and {@link DeviceToMain}. */
  readonly mainPort: MessagePort;
}

/**
 * The life of a device thread: load, announce, run steps until told to retire, release. The caller ends
 * the thread afterwards, from inside it. Rejects when loading or a step fails.
 */
export async function serveDevice(init: DeviceInit): Promise<void> {
  const main = new Port<DeviceToMain, MainToDevice>(init.mainPort);
  const scheduler = new Port<FromDevice, ToDevice>(init.schedulerPort);
  const device = await openDevice(init.model, init.limits, init.ort);
  try {
    const worker = new DeviceWorker({
      runner: device.runner,
      scheduler,
      main,
      limits: init.limits,
    });
    main.post({ kind: 'ready', device: init.device, limits: init.limits });
    await worker.serve();
    main.post({ kind: 'retired', device: init.device });
  } finally {
    await device.release();
    scheduler.close();
    main.close();
  }
}

export interface WorkerParts {
  readonly runner: ModelRunner;
  readonly scheduler: Port<FromDevice, ToDevice>;
  readonly main: Port<DeviceToMain, MainToDevice>;
  readonly limits: DeviceLimits;
}

interface QueuedStep {
  readonly plan: StepPlan;
  /** Slots that this step opens for requests that have gone since. */
  readonly cancelled: Set<number>;
}

/** Runs steps in the order they come. Between two runs of the model it reads its mail. */
export class DeviceWorker {
  private readonly queue: QueuedStep[] = [];
  private current: StepPlan | null = null;
  private retiring = false;
  private fault: InjectFault['how'] | null = null;
  private wake: () => void = () => undefined;

  constructor(private readonly parts: WorkerParts) {
    const receive = (message: ToDevice): void => {
      this.receive(message);
      this.wake();
    };
    parts.scheduler.onMessage(receive);
    parts.main.onMessage(receive);
  }

  async serve(): Promise<void> {
    for (;;) {
      this.readMail();
      const next = this.queue.shift();
      if (next !== undefined) await this.runStep(next);
      else if (this.retiring) return;
      else await this.mail();
    }
  }

  private async runStep({ plan, cancelled }: QueuedStep): Promise<void> {
    this.current = plan;
    const result = await this.parts.runner.execute(plan, () => {
      this.readMail();
      for (const slot of cancelled) this.cancelOpen(slot);
      cancelled.clear();
    });
    this.current = null;
    this.parts.scheduler.post({ kind: 'stepDone', result });
  }

  /** Takes every waiting message without leaving the thread. */
  private readMail(): void {
    for (const port of [this.parts.scheduler, this.parts.main]) {
      for (let message = port.takeNow(); message !== null; message = port.takeNow()) {
        this.receive(message);
      }
    }
    if (this.fault !== null) failNow(this.fault);
  }

  private mail(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  private receive(message: ToDevice): void {
    switch (message.kind) {
      case 'step':
        this.queue.push({ plan: message.plan, cancelled: new Set() });
        break;
      case 'cancel':
        this.cancel(message.slot);
        break;
      case 'retire':
        this.retiring = true;
        break;
      case 'fault':
        this.fault = message.how;
    }
  }

  /** The message means the slot's latest owner, who may not have been opened yet. */
  private cancel(slot: number): void {
    const opening = this.queue.findLast(({ plan }) =>
      plan.opens.some((open) => open.slot === slot),
    );
    if (opening === undefined) this.cancelOpen(slot);
    else opening.cancelled.add(slot);
  }

  private cancelOpen(slot: number): void {
    const plans = this.queue.map(({ plan }) => plan);
    if (this.current !== null) plans.push(this.current);
    this.parts.runner.cancel(slot, storedRows(plans, slot, this.parts.limits.pageSizeTokens));
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
