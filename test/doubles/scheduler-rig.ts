/**
 * A scheduler with the real cache actor and fake devices, one act at a time: the cache answers at once,
 * a device runs a step when it is told to.
 */
import { CacheActor } from '../../src/cache/cache-actor.js';
import type { EmbedPlan, StepPlan } from '../../src/core/batch.js';
import type { FinishReason } from '../../src/core/finish-reason.js';
import { TOP_K_ALL, type SamplingParams } from '../../src/core/sampling-params.js';
import { DEFAULT_SCHEDULER_CONFIG, type SchedulerConfig } from '../../src/core/scheduler-config.js';
import {
  treeKey,
  type CacheOp,
  type CacheReplies,
  type DeviceLimits,
  type EmbedInput,
  type FromDevice,
  type Finished,
  type ReqInput,
  type StateRead,
  type ToDevice,
  type ToMain,
} from '../../src/messages.js';
import { violations } from '../../src/scheduler/invariants.js';
import { Scheduler, type FromMain } from '../../src/scheduler/scheduler.js';
import { FakeDevice } from './fake-device.js';

export const LIMITS: DeviceLimits = {
  numSlots: 64,
  slotLength: 4096,
  numPages: 1024,
  pageSizeTokens: 16,
};

export interface RigOptions {
  readonly config?: Partial<SchedulerConfig>;
  readonly limits?: Partial<DeviceLimits>;
  /** Of its devices. */
  readonly joinsSteps?: boolean;
}

interface RigDevice {
  readonly device: FakeDevice;
  readonly inbox: ToDevice[];
}

export class SchedulerRig {
  readonly scheduler: Scheduler;
  readonly cache = new CacheActor();
  readonly toMain: ToMain[] = [];
  readonly ops: CacheOp[] = [];
  /** The operations of each message to the cache actor. */
  readonly opMessages: (readonly CacheOp[])[] = [];
  /** Every plan that was posted, of all devices. */
  readonly plans: StepPlan[] = [];
  /** Every plan of an embedding model that was posted. */
  readonly embedPlans: EmbedPlan[] = [];
  nowMs = 0;
  private readonly replies: CacheReplies[] = [];
  private readonly devices = new Map<string, RigDevice>();
  private readonly limits: DeviceLimits;
  private readonly config: SchedulerConfig;
  private readonly joinsSteps: boolean;
  private numBatches = 0;

  constructor(options: RigOptions = {}) {
    this.joinsSteps = options.joinsSteps ?? false;
    this.limits = { ...LIMITS, ...options.limits };
    this.config = { ...DEFAULT_SCHEDULER_CONFIG, ...options.config };
    this.scheduler = new Scheduler({
      config: this.config,
      clock: { nowMs: () => this.nowMs },
      ports: {
        toMain: (message) => this.toMain.push(message),
        toCache: (message) => {
          this.ops.push(...message.ops);
          this.opMessages.push(message.ops);
          const answer = this.cache.handle(message);
          if (answer !== null) this.replies.push(answer);
        },
        toDevice: (device, message) => {
          if (message.kind === 'step') this.plans.push(message.plan);
          if (message.kind === 'embed') this.embedPlans.push(message.plan);
          this.devices.get(treeKey(device))?.inbox.push(message);
        },
      },
    });
  }

  attach(rank = 0, generation = 0, weightsEpoch = 0): this {
    const device = { rank, generation };
    const fake = new FakeDevice({ limits: this.limits, marksMaker: this.config.deterministic });
    this.devices.set(treeKey(device), { device: fake, inbox: [] });
    const { limits, joinsSteps } = this;
    return this.tell({ kind: 'attachDevice', device, weightsEpoch, limits, joinsSteps });
  }

  tell(message: FromMain): this {
    this.scheduler.receiveFromMain(message);
    return this.pump();
  }

  submit(...reqs: readonly ReqInput[]): this {
    return this.tell({ kind: 'submit', batch: this.numBatches++, reqs });
  }

  submitEmbed(...reqs: readonly EmbedInput[]): this {
    return this.tell({ kind: 'submitEmbed', batch: this.numBatches++, reqs });
  }

  /** Runs the oldest posted step; false when none is. */
  step(rank = 0, generation = 0): boolean {
    const worker = this.devices.get(treeKey({ rank, generation }));
    for (;;) {
      const message = worker?.inbox.shift();
      if (worker === undefined || message === undefined) return false;
      if (message.kind === 'cancel') worker.device.cancel(message.slot);
      const done = answer(worker.device, message);
      if (done === null) continue;
      this.scheduler.receiveFromDevice({ rank, generation }, done);
      this.pump();
      return true;
    }
  }

  /** The oldest posted step, until the request has so many tokens. */
  stepUntil(num: number, numTokens: number): this {
    while (this.tokensOf(num).length < numTokens) {
      if (!this.step()) throw new Error(`request ${num} never has ${numTokens} tokens`);
    }
    return this;
  }

  /** Until no device has a step left. */
  run(): this {
    const keys = () => [...this.devices.keys()].map((key) => key.split(':').map(Number));
    while (keys().some(([rank, generation]) => this.step(rank, generation)));
    return this;
  }

  /** The device reads its mail before it begins with the next step: what is cancelled is so at once. */
  cancelFirst(rank = 0, generation = 0): this {
    const inbox = this.devices.get(treeKey({ rank, generation }))?.inbox ?? [];
    inbox.sort((a, b) => Number(b.kind === 'cancel') - Number(a.kind === 'cancel'));
    return this;
  }

  /** Messages that wait in a device's port. */
  inbox(rank = 0, generation = 0): readonly ToDevice[] {
    return this.devices.get(treeKey({ rank, generation }))?.inbox ?? [];
  }

  tokensOf(num: number): number[] {
    const found: number[] = [];
    for (const message of this.toMain) {
      if (message.kind !== 'output') continue;
      for (let i = 0; i < message.tokens.length; i += 2) {
        if (message.tokens[i] === num) found.push(message.tokens[i + 1] ?? -1);
      }
    }
    return found;
  }

  vectorOf(num: number): number[] | undefined {
    const outputs = this.toMain.filter((message) => message.kind === 'output');
    const found = outputs.flatMap(({ vectors }) => vectors).find((vector) => vector.num === num);
    return found && [...found.values];
  }

  get finished(): readonly Finished[] {
    return this.toMain.flatMap((message) => (message.kind === 'output' ? message.finished : []));
  }

  finishedOf(num: number): Finished | undefined {
    return this.finished.find((finished) => finished.num === num);
  }

  reasonOf(num: number): FinishReason | undefined {
    return this.finishedOf(num)?.reason;
  }

  get logs(): readonly string[] {
    return this.toMain.flatMap((message) => (message.kind === 'log' ? [message.message] : []));
  }

  last<K extends ToMain['kind']>(kind: K): Extract<ToMain, { kind: K }> | undefined {
    const ofKind = (message: ToMain): message is Extract<ToMain, { kind: K }> =>
      message.kind === kind;
    return this.toMain.filter(ofKind).at(-1);
  }

  readState(): StateRead | undefined {
    this.tell({ kind: 'readState', id: 1 });
    return this.last('stateRead');
  }

  private pump(): this {
    for (let reply = this.replies.shift(); reply !== undefined; reply = this.replies.shift()) {
      this.scheduler.receiveFromCache(reply);
    }
    const broken = violations({ ...this.scheduler.parts, embedding: this.scheduler.embedding });
    if (broken.length > 0) throw new Error(broken.join('; '));
    return this;
  }
}

function answer(device: FakeDevice, message: ToDevice): FromDevice | null {
  if (message.kind === 'step') return { kind: 'stepDone', result: device.run(message.plan) };
  if (message.kind === 'embed') return { kind: 'embedDone', result: device.embed(message.plan) };
  return null;
}

export function sampling(overrides: Partial<SamplingParams> = {}): SamplingParams {
  return {
    maxNewTokens: 8,
    minNewTokens: 0,
    temperature: 1,
    topP: 1,
    topK: TOP_K_ALL,
    minP: 0,
    frequencyPenalty: 0,
    presencePenalty: 0,
    repetitionPenalty: 1,
    stopTokenIds: [],
    ignoreEos: false,
    thoughtBudget: null,
    logitBias: [],
    seed: 1,
    seedHigh: 0,
    sampleIndex: 0,
    ...overrides,
  };
}

/** A request with `promptLen` tokens that start with `first` and count up from there. */
export function request(
  num: number,
  promptLen: number,
  overrides: Partial<Omit<ReqInput, 'sampling'>> & {
    first?: number;
    sampling?: Partial<SamplingParams>;
  } = {},
): ReqInput {
  const { first = num, sampling: sampled, ...rest } = overrides;
  return {
    num,
    rid: `rid-${num}`,
    inputIds: Int32Array.from({ length: promptLen }, (_, i) => (first + i) % 211),
    logprobs: null,
    hiddenStates: null,
    grammar: null,
    namespace: '',
    tenant: '',
    explainsMiss: false,
    dpRank: null,
    priority: 0,
    hasTextStops: false,
    ...rest,
    sampling: sampling(sampled),
  };
}
