/** Scheduler, real cache actor and fake devices on virtual time; main is a {@link Clients}. */
import { CacheActor } from '../../src/cache/cache-actor.js';
import type { Random } from '../../src/core/clock.js';
import type { SchedulerConfig } from '../../src/core/scheduler-config.js';
import {
  treeKey,
  type CacheReplies,
  type DeviceId,
  type DeviceLimits,
  type FromDevice,
  type RunEmbed,
  type RunStep,
  type ToCache,
  type ToDevice,
  type ToMain,
} from '../../src/messages.js';
import { violations } from '../../src/scheduler/invariants.js';
import { Scheduler, type FromMain } from '../../src/scheduler/scheduler.js';
import { FakeDevice } from '../doubles/fake-device.js';
import { Channel, EventLoop } from './channels.js';

export interface WorldOptions {
  readonly random: Random;
  readonly config: SchedulerConfig;
  readonly limits: DeviceLimits;
  readonly numRanks: number;
  /** Of its devices. */
  readonly joinsSteps?: boolean;
  /** A step takes up to so many times longer than usual. */
  readonly slowness?: number;
  /** So many of a hundred inserts contradict themselves: the cache actor refuses them. */
  readonly refusedPercent?: number;
}

interface Worker {
  readonly id: DeviceId;
  readonly device: FakeDevice;
  readonly toDevice: Channel<ToDevice>;
  readonly toScheduler: Channel<FromDevice>;
  readonly steps: (RunStep | RunEmbed)[];
  busy: boolean;
  alive: boolean;
}

export class World {
  readonly loop = new EventLoop();
  readonly cache = new CacheActor();
  readonly scheduler: Scheduler;
  readonly fromMain: Channel<FromMain>;
  readonly logs: string[] = [];
  numPrefillRows = 0;
  numDecodeRows = 0;
  /** Requests that resumed after a retraction or a death, with rows from the cache. */
  numResumedFromCache = 0;
  numCancels = 0;
  /** Inserts that the cache actor was made to refuse. */
  numRefusedInserts = 0;
  numStalls = 0;
  /** Of the last rows of prompts that end with a page. */
  numBorderStalls = 0;
  /** Pages of slots that the tree's took the place of. */
  numSwaps = 0;
  /** Rows of turns, of requests that speculate. */
  numTurnRows = 0;
  numStateSaves = 0;
  /** Slots that began with a state. */
  numStateLoads = 0;
  /** Steps that came while as many as may be were in flight. */
  numJoiningSteps = 0;
  private readonly workers = new Map<string, Worker>();
  private readonly generations = new Map<number, number>();

  constructor(
    readonly options: WorldOptions,
    toMain: (message: ToMain) => void,
  ) {
    const { random, config } = options;
    const { loop } = this;
    const main = new Channel<ToMain>(loop, random, toMain);
    const replies = new Channel<CacheReplies>(loop, random, (message) => {
      this.scheduler.receiveFromCache(message);
      this.check();
    });
    const cache = new Channel<ToCache>(loop, random, (message) => {
      const answer = this.cache.handle(this.spoil(message));
      if (answer !== null) replies.post(answer);
    });
    this.scheduler = new Scheduler({
      config,
      clock: { nowMs: () => loop.nowMs },
      ports: {
        toMain: (message) => {
          main.post(message);
        },
        toCache: (message) => {
          cache.post(message);
        },
        toDevice: (device, message) => {
          if (message.kind === 'embed') this.checkOpen(device);
          this.count(device, message);
          this.workers.get(treeKey(device))?.toDevice.post(message);
        },
      },
    });
    this.fromMain = new Channel<FromMain>(loop, random, (message) => {
      this.scheduler.receiveFromMain(message);
      this.check();
    });
  }

  get aliveDevices(): readonly DeviceId[] {
    return [...this.workers.values()].filter(({ alive }) => alive).map(({ id }) => id);
  }

  /** A fresh generation of the rank. */
  attach(rank: number): void {
    const generation = this.generations.get(rank) ?? 0;
    this.generations.set(rank, generation + 1);
    const { limits, config, random } = this.options;
    const id = { rank, generation };
    const worker: Worker = {
      id,
      device: new FakeDevice({ limits, marksMaker: config.deterministic }),
      toDevice: new Channel<ToDevice>(this.loop, random, (message) => {
        this.receive(worker, message);
      }),
      toScheduler: new Channel<FromDevice>(this.loop, random, (message) => {
        this.scheduler.receiveFromDevice(id, message);
        this.check();
      }),
      steps: [],
      busy: false,
      alive: true,
    };
    this.workers.set(treeKey(id), worker);
    const joinsSteps = this.options.joinsSteps ?? false;
    this.fromMain.post({ kind: 'attachDevice', device: id, weightsEpoch: 0, limits, joinsSteps });
  }

  /** Looks for time-outs every so often while `isBusy`. */
  tick(everyMs: number, isBusy: () => boolean): void {
    this.loop.after(everyMs, () => {
      this.scheduler.tick();
      this.check();
      if (isBusy()) this.tick(everyMs, isBusy);
    });
  }

  kill(id: DeviceId): void {
    const worker = this.workers.get(treeKey(id));
    if (worker?.alive !== true) return;
    this.end(worker);
    this.fromMain.post({ kind: 'deviceDown', device: id, message: 'the worker exited' });
  }

  private end(worker: Worker): void {
    worker.alive = false;
    worker.toDevice.isOpen = false;
    this.numPrefillRows += worker.device.numPrefillRows;
    this.numDecodeRows += worker.device.numDecodeRows;
  }

  private receive(worker: Worker, message: ToDevice): void {
    if (message.kind === 'cancel') worker.device.cancel(message.slot);
    else if (message.kind === 'retire') this.end(worker);
    else if (message.kind !== 'fault') worker.steps.push(message);
    this.work(worker);
  }

  private work(worker: Worker): void {
    if (worker.busy || !worker.alive) return;
    const step = worker.steps.shift();
    if (step === undefined) return;
    worker.busy = true;
    const { random, slowness = 1 } = this.options;
    this.loop.after(0.2 + random() * 2 * slowness, () => {
      worker.busy = false;
      if (!worker.alive) return;
      const { numStalls, numBorderStalls, numSwaps, numTurnRows } = worker.device;
      const { numStateSaves, numStateLoads } = worker.device;
      worker.toScheduler.post(answer(worker.device, step));
      this.numStalls += worker.device.numStalls - numStalls;
      this.numBorderStalls += worker.device.numBorderStalls - numBorderStalls;
      this.numSwaps += worker.device.numSwaps - numSwaps;
      this.numTurnRows += worker.device.numTurnRows - numTurnRows;
      this.numStateSaves += worker.device.numStateSaves - numStateSaves;
      this.numStateLoads += worker.device.numStateLoads - numStateLoads;
      this.work(worker);
    });
  }

  private spoil(message: ToCache): ToCache {
    const { random, refusedPercent = 0 } = this.options;
    if (refusedPercent === 0) return message;
    const ops = message.ops.map((op) => {
      if (op.op !== 'insert' || random() * 100 >= refusedPercent) return op;
      this.numRefusedInserts++;
      return { ...op, tokens: new Int32Array(0) };
    });
    return { ...message, ops };
  }

  private count(device: DeviceId, message: ToDevice): void {
    if (message.kind === 'cancel') this.numCancels++;
    if (message.kind !== 'step') return;
    const posted = this.scheduler.parts.devices.at(treeKey(device))?.steps ?? [];
    if (posted.some(({ step, joins }) => joins && step === message.plan.step)) {
      this.numJoiningSteps++;
    }
    const { opens, loads } = message.plan;
    const resumed = new Set(
      opens.filter(({ priorOutputIds }) => priorOutputIds.length > 0).map(({ slot }) => slot),
    );
    this.numResumedFromCache += loads.filter(({ slot }) => resumed.has(slot)).length;
  }

  /** Texts do not begin on weights that are on their way out. */
  private checkOpen(device: DeviceId): void {
    const link = this.scheduler.parts.devices.at(treeKey(device));
    if (link?.retiring !== false) throw new Error('a text begins on a device that retires');
  }

  /** After every turn; the cache walks its trees only now and then. */
  private check(): void {
    const broken = violations({ ...this.scheduler.parts, embedding: this.scheduler.embedding });
    if (this.loop.numEvents % 64 === 0) {
      broken.push(...this.cache.check().map((fault) => fault.message));
    }
    if (broken.length > 0) throw new Error(broken.join('; '));
  }
}

function answer(device: FakeDevice, step: RunStep | RunEmbed): FromDevice {
  return step.kind === 'step'
    ? { kind: 'stepDone', result: device.run(step.plan) }
    : { kind: 'embedDone', result: device.embed(step.plan) };
}
