/** One seeded run: a random configuration, random traffic and faults, and what must hold at the end. */
import assert from 'node:assert/strict';
import { TOP_K_ALL, type SamplingParams } from '../../src/core/sampling-params.js';
import {
  DEFAULT_SCHEDULER_CONFIG,
  SCHEDULE_POLICIES,
  type SchedulerConfig,
} from '../../src/core/scheduler-config.js';
import type { Speculation } from '../../src/core/speculation.js';
import type { DeviceLimits, ReqInput, StateLimits } from '../../src/messages.js';
import { FAKE_GRAMMAR, FAKE_VOCAB_SIZE } from '../doubles/fake-device.js';
import { Clients, type Outcome } from './clients.js';
import type { Dice } from './dice.js';
import { Faults } from './faults.js';
import { World } from './world.js';

/** Far more than any run needs: beyond it something goes round in circles. */
const EVENTS_PER_REQUEST_MAX = 4000;

export interface SimulationResult extends Outcome {
  readonly numEvents: number;
  readonly numDeviceDeaths: number;
  readonly numResumedFromCache: number;
  readonly numCancels: number;
  readonly numRefusedInserts: number;
  /** Rows whose mask was late. */
  readonly numStalls: number;
  /** Of the last rows of prompts that end with a page. */
  readonly numBorderStalls: number;
  /** Pages of slots that the tree's took the place of. */
  readonly numSwaps: number;
  /** Rows of turns, of requests that speculate. */
  readonly numTurnRows: number;
  readonly numJoiningSteps: number;
  readonly numStateSaves: number;
  /** Slots that began with a state. */
  readonly numStateLoads: number;
}

export class Simulation {
  private readonly world: World;
  private readonly faults: Faults;
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

  constructor(
    private readonly dice: Dice,
    private readonly numRequests: number,
  ) {
    this.numRanks = this.dice.chance(0.4) ? 2 : 1;
    this.faulty = this.dice.chance(0.5);
    this.gapMs = this.dice.pick([0.1, 1, 4, 12, 30]);
    this.tight = this.dice.chance(0.25);
    this.longOutputs = this.tight || this.dice.chance(0.4);
    this.limits = this.someLimits();
    const config = this.someConfig();
    const { limits, numRanks } = this;
    const refusedPercent = dice.chance(0.25) ? 20 : 0;
    const joinsSteps = dice.chance(0.5) && limits.states === undefined;
    const options = { random: dice.random, config, limits, numRanks, refusedPercent, joinsSteps };
    this.world = new World(options, (message) => {
      this.clients.receive(message);
    });
    this.faults = new Faults(this.world, dice, 170);
    const poolTokens = limits.numPages * limits.pageSizeTokens;
    this.clients = new Clients(
      (message) => {
        this.world.fromMain.post(message);
      },
      config.deterministic,
      poolTokens,
    );
    this.clients.expectsRefusals = refusedPercent > 0;
    this.prefixes = Array.from({ length: 5 }, () => this.someTokens(this.dice.below(120)));
  }

  run(): SimulationResult {
    for (let rank = 0; rank < this.numRanks; rank++) this.world.attach(rank);
    this.arrive();
    if (this.faulty) this.faults.disturb(() => this.numSubmitted >= this.numRequests);
    this.runUntilQuiet();
    assert.equal(this.clients.reqs.size, 0, 'every accepted request ends');
    this.checkNothingHeld();
    this.world.fromMain.post({ kind: 'drain' });
    this.runUntilQuiet();
    assert(this.clients.drained, 'drained');
    const { loop, numResumedFromCache, numCancels, numRefusedInserts } = this.world;
    const { numStalls, numBorderStalls, numSwaps, numTurnRows, numJoiningSteps } = this.world;
    const { numStateSaves, numStateLoads } = this.world;
    const { numDeviceDeaths } = this.faults;
    const { numEvents } = loop;
    return {
      ...this.clients.outcome,
      numEvents,
      numDeviceDeaths,
      numResumedFromCache,
      numCancels,
      numRefusedInserts,
      numStalls,
      numBorderStalls,
      numSwaps,
      numTurnRows,
      numJoiningSteps,
      numStateSaves,
      numStateLoads,
    };
  }

  private runUntilQuiet(): void {
    const max = this.numRequests * EVENTS_PER_REQUEST_MAX;
    while (this.world.loop.step()) assert(this.world.loop.numEvents < max, 'livelock');
  }

  private checkNothingHeld(): void {
    this.world.fromMain.post({ kind: 'readState', id: -1 });
    this.runUntilQuiet();
    assert.equal(this.clients.lastHeldTokens, 0, 'no page is held at the end');
    assert.equal(this.clients.lastHeldStates, 0, 'no place is held at the end');
    assert.deepEqual(this.world.cache.check(), []);
    for (const tree of this.world.cache.snapshot())
      assert.equal(tree.lockedPages, 0, 'no lock is left');
  }

  // ---- traffic --------------------------------------------------------------------------------

  private arrive(): void {
    const size = this.dice.chance(0.2) ? 1 + this.dice.below(4) : 1;
    this.clients.submit(Array.from({ length: size }, () => this.someRequest()));
    if (this.dice.chance(0.15)) this.abortSomeLater();
    if (this.dice.chance(0.05))
      this.world.fromMain.post({ kind: 'readState', id: this.numSubmitted });
    if (this.dice.chance(0.1)) this.flushLater();
    if (this.numSubmitted >= this.numRequests) return;
    // Bursts, and now and then a pause in which everything ends.
    const pauseMs = this.dice.chance(0.03) ? 400 : this.dice.random() * 2 * this.gapMs;
    this.world.loop.after(this.dice.chance(0.3) ? 0 : pauseMs, () => {
      this.arrive();
    });
  }

  private flushLater(): void {
    this.world.loop.after(this.dice.random() * 500, () => {
      this.world.fromMain.post({ kind: 'flushCache', id: this.numSubmitted });
    });
  }

  private abortSomeLater(): void {
    this.world.loop.after(this.dice.random() * 60, () => {
      const { unfinished } = this.clients;
      const req = unfinished[this.dice.below(unfinished.length)];
      if (this.dice.chance(0.02)) this.clients.abortAll();
      else if (req !== undefined) this.clients.abort(req, this.dice.chance(0.5));
    });
  }

  private someRequest(): ReqInput & { textStop: number | null } {
    const num = this.numSubmitted++;
    const inputIds = this.somePrompt();
    const hasTextStops = this.dice.chance(0.3);
    const logprobs = this.dice.chance(0.2)
      ? { startLen: this.dice.below(inputIds.length + 1), topNum: 0, tokenIds: [] }
      : null;
    return {
      num,
      rid: `rid-${num}-`,
      inputIds,
      sampling: this.someSampling(),
      logprobs,
      hiddenStates: this.dice.chance(0.2) ? this.dice.pick(['full', 'last']) : null,
      grammar: this.dice.chance(0.3) ? FAKE_GRAMMAR : null,
      namespace: this.dice.chance(0.2) ? 'other' : '',
      tenant: this.dice.pick(['', 'a']),
      explainsMiss: this.dice.chance(0.3),
      dpRank: this.dice.chance(0.1) ? this.dice.below(this.numRanks) : null,
      priority: this.dice.pick([0, 0, 5, 50]),
      hasTextStops,
      textStop: hasTextStops && this.dice.chance(0.6) ? 1 + this.dice.below(30) : null,
    };
  }

  /** A shared prefix, or the next turn of a finished conversation, and something new. */
  private somePrompt(): Int32Array {
    const { finished } = this.clients;
    const turn = finished[this.dice.below(finished.length)];
    const prefix =
      turn !== undefined && this.dice.chance(0.3)
        ? [...turn.input.inputIds, ...turn.tokens]
        : [...(this.prefixes[this.dice.below(this.prefixes.length)] ?? [])];
    const poolTokens = this.limits.numPages * this.limits.pageSizeTokens;
    const longest = Math.floor(poolTokens / (this.tight ? 6 : 2));
    const prompt = [...prefix, ...this.someTokens(1 + this.dice.below(40))];
    return Int32Array.from(prompt.slice(0, this.dice.chance(0.98) ? longest : undefined));
  }

  private someSampling(): SamplingParams {
    const maxNewTokens = this.dice.chance(0.05)
      ? 0
      : 1 + this.dice.below(this.longOutputs || this.dice.chance(0.1) ? 150 : 40);
    return {
      maxNewTokens,
      minNewTokens: this.dice.below(Math.min(4, maxNewTokens + 1)),
      temperature: 1,
      topP: 1,
      topK: TOP_K_ALL,
      minP: 0,
      frequencyPenalty: 0,
      presencePenalty: 0,
      repetitionPenalty: this.dice.chance(0.1) ? 1.1 : 1,
      stopTokenIds: this.dice.chance(this.longOutputs ? 0.3 : 0.7) ? [3, 77, 150] : [],
      ignoreEos: this.dice.chance(0.1),
      thoughtBudget: null,
      logitBias: [],
      seed: this.dice.below(3),
      seedHigh: 0,
      sampleIndex: 0,
    };
  }

  // ---- configuration --------------------------------------------------------------------------

  private someConfig(): SchedulerConfig {
    const deterministic = this.dice.chance(0.3);
    const keepsStates = this.limits.states !== undefined;
    const speculates = !deterministic && !keepsStates && this.dice.chance(0.5);
    return {
      ...DEFAULT_SCHEDULER_CONFIG,
      policy: this.dice.pick(['fcfs', 'fcfs', ...SCHEDULE_POLICIES]),
      priority: this.dice.chance(0.3)
        ? {
            lowValuesFirst: this.dice.chance(0.3),
            preemptionThreshold: this.dice.pick([null, 0, 10]),
          }
        : null,
      chunkedPrefillSize: this.dice.pick([-1, 7, 32, 512]),
      maxPrefillTokens: this.dice.pick([64, 16384]),
      maxPrefillRowsWhileDecoding: this.dice.pick([8, 64, 256]),
      maxRunningRequests: this.dice.pick([1, 4, 16, 16]),
      maxQueuedRequests: this.dice.pick([4, 30, 4096, 4096]),
      decodeLogInterval: 40,
      disableRadixCache: this.dice.chance(0.12),
      deterministic,
      speculation: speculates ? this.someSpeculation() : null,
      scheduleConservativeness: this.tight ? 0.01 : this.dice.pick([0.02, 0.1, 1]),
    };
  }

  private someSpeculation(): Speculation {
    const numDraftTokens = this.dice.pick([2, 8, 32]);
    return { algorithm: 'NGRAM', costs: null, numDraftTokens, minMatch: 8, maxMatch: 64 };
  }

  private someLimits(): DeviceLimits {
    const pageSizeTokens = this.dice.pick([1, 4, 16, 16]);
    const poolTokens = this.tight ? 320 : this.dice.pick([160, 320, 800, 4000]);
    return {
      numSlots: this.tight ? 8 : this.dice.pick([1, 3, 8, 16, 16]),
      slotLength: 4096,
      numPages: Math.ceil(poolTokens / pageSizeTokens),
      pageSizeTokens,
      ...(this.dice.chance(0.4) && { states: this.someStates(pageSizeTokens) }),
    };
  }

  private someStates(pageSizeTokens: number): StateLimits {
    const intervalTokens = pageSizeTokens * this.dice.pick([1, 4, 16]);
    return { numPlaces: this.dice.pick([1, 4, 12, 100]), intervalTokens };
  }

  private someTokens(length: number): Int32Array {
    return Int32Array.from({ length }, () => this.dice.below(FAKE_VOCAB_SIZE));
  }
}
