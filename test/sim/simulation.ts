/** One seeded run: a random configuration, random traffic and faults, and what must hold at the end. */
import assert from 'node:assert/strict';
import { seededRandom, type Random } from '../../src/core/clock.js';
import { TOP_K_ALL, type SamplingParams } from '../../src/core/sampling-params.js';
import {
  DEFAULT_SCHEDULER_CONFIG,
  SCHEDULE_POLICIES,
  type SchedulerConfig,
} from '../../src/core/scheduler-config.js';
import type { DeviceLimits, ReqInput } from '../../src/messages.js';
import { FAKE_VOCAB_SIZE } from '../doubles/fake-device.js';
import { Clients, type Outcome } from './clients.js';
import { World } from './world.js';

/** Far more than any run needs: beyond it something goes round in circles. */
const EVENTS_PER_REQUEST_MAX = 4000;

export interface SimulationResult extends Outcome {
  readonly numEvents: number;
  readonly numDeviceDeaths: number;
}

export function simulate(seed: number, numRequests: number): SimulationResult {
  return new Simulation(seededRandom(seed), numRequests).run();
}

export class Simulation {
  private readonly world: World;
  private readonly clients: Clients;
  private readonly prefixes: Int32Array[];
  private readonly numRanks: number;
  private readonly faulty: boolean;
  private readonly gapMs: number;
  private readonly longOutputs: boolean;
  /** Pages are short and admission hopes for the best: requests are retracted. */
  private readonly tight: boolean;
  private readonly limits: DeviceLimits;
  private numSubmitted = 0;
  private numDeviceDeaths = 0;

  constructor(
    private readonly random: Random,
    private readonly numRequests: number,
  ) {
    this.numRanks = this.chance(0.4) ? 2 : 1;
    this.faulty = this.chance(0.5);
    this.gapMs = this.pick([0.1, 1, 4, 12, 30]);
    this.tight = this.chance(0.25);
    this.longOutputs = this.tight || this.chance(0.4);
    this.limits = this.someLimits();
    const config = this.someConfig();
    const { limits, numRanks } = this;
    this.world = new World({ random, config, limits, numRanks }, (message) => {
      this.clients.receive(message);
    });
    const poolTokens = limits.numPages * limits.pageSizeTokens;
    this.clients = new Clients(
      (message) => {
        this.world.fromMain.post(message);
      },
      config.deterministic,
      poolTokens,
    );
    this.prefixes = Array.from({ length: 5 }, () => this.someTokens(this.below(120)));
  }

  run(): SimulationResult {
    for (let rank = 0; rank < this.numRanks; rank++) this.world.attach(rank);
    this.arrive();
    if (this.faulty) this.disturb();
    this.runUntilQuiet();
    assert.equal(this.clients.reqs.size, 0, 'every accepted request ends');
    this.checkNothingHeld();
    this.world.fromMain.post({ kind: 'drain' });
    this.runUntilQuiet();
    assert(this.clients.drained, 'drained');
    const { numEvents } = this.world.loop;
    return { ...this.clients.outcome, numEvents, numDeviceDeaths: this.numDeviceDeaths };
  }

  private runUntilQuiet(): void {
    const max = this.numRequests * EVENTS_PER_REQUEST_MAX;
    while (this.world.loop.step()) assert(this.world.loop.numEvents < max, 'livelock');
  }

  private checkNothingHeld(): void {
    this.world.fromMain.post({ kind: 'readState', id: -1 });
    this.runUntilQuiet();
    assert.equal(this.clients.lastHeldTokens, 0, 'no page is held at the end');
    assert.deepEqual(this.world.cache.check(), []);
    for (const tree of this.world.cache.snapshot())
      assert.equal(tree.lockedPages, 0, 'no lock is left');
  }

  // ---- traffic --------------------------------------------------------------------------------

  private arrive(): void {
    const size = this.chance(0.2) ? 1 + this.below(4) : 1;
    this.clients.submit(Array.from({ length: size }, () => this.someRequest()));
    if (this.chance(0.15)) this.abortSomeLater();
    if (this.chance(0.05)) this.world.fromMain.post({ kind: 'readState', id: this.numSubmitted });
    if (this.chance(0.1)) this.flushLater();
    if (this.numSubmitted >= this.numRequests) return;
    // Bursts, and now and then a pause in which everything ends.
    const pauseMs = this.chance(0.03) ? 400 : this.random() * 2 * this.gapMs;
    this.world.loop.after(this.chance(0.3) ? 0 : pauseMs, () => {
      this.arrive();
    });
  }

  private flushLater(): void {
    this.world.loop.after(this.random() * 500, () => {
      this.world.fromMain.post({ kind: 'flushCache', id: this.numSubmitted });
    });
  }

  private abortSomeLater(): void {
    this.world.loop.after(this.random() * 60, () => {
      const { unfinished } = this.clients;
      const req = unfinished[this.below(unfinished.length)];
      if (this.chance(0.02)) this.clients.abortAll();
      else if (req !== undefined) this.clients.abort(req, this.chance(0.5));
    });
  }

  /** Devices die, come back, and are replaced while they live. */
  private disturb(): void {
    this.world.loop.after(20 + this.random() * 300, () => {
      const alive = this.world.aliveDevices;
      const device = alive[this.below(alive.length)];
      if (device !== undefined && this.chance(0.75)) {
        this.numDeviceDeaths++;
        this.world.kill(device);
        this.world.loop.after(this.random() * 50, () => {
          this.world.attach(device.rank);
        });
      } else if (device !== undefined) {
        this.world.attach(device.rank);
      }
      if (this.numSubmitted < this.numRequests) this.disturb();
    });
  }

  private someRequest(): ReqInput & { textStop: number | null } {
    const num = this.numSubmitted++;
    const inputIds = this.somePrompt();
    const hasTextStops = this.chance(0.3);
    const logprobs = this.chance(0.2)
      ? { startLen: this.below(inputIds.length + 1), topNum: 0, tokenIds: [] }
      : null;
    return {
      num,
      rid: `rid-${num}-`,
      inputIds,
      sampling: this.someSampling(),
      logprobs,
      namespace: this.chance(0.2) ? 'other' : '',
      dpRank: this.chance(0.1) ? this.below(this.numRanks) : null,
      priority: this.pick([0, 0, 5, 50]),
      hasTextStops,
      textStop: hasTextStops && this.chance(0.6) ? 1 + this.below(30) : null,
    };
  }

  /** A shared prefix, or the next turn of a finished conversation, and something new. */
  private somePrompt(): Int32Array {
    const { finished } = this.clients;
    const turn = finished[this.below(finished.length)];
    const prefix =
      turn !== undefined && this.chance(0.3)
        ? [...turn.input.inputIds, ...turn.tokens]
        : [...(this.prefixes[this.below(this.prefixes.length)] ?? [])];
    const poolTokens = this.limits.numPages * this.limits.pageSizeTokens;
    const longest = Math.floor(poolTokens / (this.tight ? 6 : 2));
    const prompt = [...prefix, ...this.someTokens(1 + this.below(40))];
    return Int32Array.from(prompt.slice(0, this.chance(0.98) ? longest : undefined));
  }

  private someSampling(): SamplingParams {
    const maxNewTokens = this.chance(0.05)
      ? 0
      : 1 + this.below(this.longOutputs || this.chance(0.1) ? 150 : 40);
    return {
      maxNewTokens,
      minNewTokens: this.below(Math.min(4, maxNewTokens + 1)),
      temperature: 1,
      topP: 1,
      topK: TOP_K_ALL,
      minP: 0,
      frequencyPenalty: 0,
      presencePenalty: 0,
      repetitionPenalty: this.chance(0.1) ? 1.1 : 1,
      stopTokenIds: this.chance(this.longOutputs ? 0.3 : 0.7) ? [3, 77, 150] : [],
      logitBias: [],
      seed: this.below(3),
      sampleIndex: 0,
    };
  }

  // ---- configuration --------------------------------------------------------------------------

  private someConfig(): SchedulerConfig {
    return {
      ...DEFAULT_SCHEDULER_CONFIG,
      policy: this.pick(['fcfs', 'fcfs', ...SCHEDULE_POLICIES]),
      priority: this.chance(0.3)
        ? { lowValuesFirst: this.chance(0.3), preemptionThreshold: this.pick([null, 0, 10]) }
        : null,
      chunkedPrefillSize: this.pick([-1, 7, 32, 512]),
      maxPrefillTokens: this.pick([64, 16384]),
      maxPrefillRowsWhileDecoding: this.pick([8, 64, 256]),
      maxRunningRequests: this.pick([1, 4, 16, 16]),
      maxQueuedRequests: this.pick([4, 30, 4096, 4096]),
      decodeLogInterval: 40,
      disableRadixCache: this.chance(0.12),
      deterministic: this.chance(0.3),
      scheduleConservativeness: this.tight ? 0.01 : this.pick([0.02, 0.1, 1]),
    };
  }

  private someLimits(): DeviceLimits {
    const pageSizeTokens = this.pick([1, 4, 16, 16]);
    const poolTokens = this.tight ? 320 : this.pick([160, 320, 800, 4000]);
    return {
      numSlots: this.tight ? 8 : this.pick([1, 3, 8, 16, 16]),
      slotLength: 4096,
      numPages: Math.ceil(poolTokens / pageSizeTokens),
      pageSizeTokens,
    };
  }

  private someTokens(length: number): Int32Array {
    return Int32Array.from({ length }, () => this.below(FAKE_VOCAB_SIZE));
  }

  private below(end: number): number {
    return Math.floor(this.random() * end);
  }

  private chance(probability: number): boolean {
    return this.random() < probability;
  }

  private pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    assert(choice !== undefined);
    return choice;
  }
}
