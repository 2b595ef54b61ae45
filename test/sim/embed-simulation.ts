/** One seeded run of an embedding server, which has only texts: traffic, faults, and what must hold. */
import assert from 'node:assert/strict';
import { DEFAULT_SCHEDULER_CONFIG, type SchedulerConfig } from '../../src/core/scheduler-config.js';
import type { EmbedInput } from '../../src/messages.js';
import { FAKE_VOCAB_SIZE } from '../doubles/fake-device.js';
import type { Dice } from './dice.js';
import { EmbedClients, type EmbedOutcome } from './embed-clients.js';
import { Faults } from './faults.js';
import { World } from './world.js';

/** As src/device/limits.ts has them for an embedding model. */
const LIMITS = { numSlots: 0, slotLength: 512, numPages: 0, pageSizeTokens: 16 };
const EVENTS_PER_TEXT_MAX = 4000;
/** Texts per request of the simulation: a batch brings several. */
const TEXTS_PER_REQUEST = 6;

export interface EmbedSimulationResult extends EmbedOutcome {
  readonly numEvents: number;
  readonly numDeviceDeaths: number;
}

export class EmbedSimulation {
  private readonly world: World;
  private readonly clients: EmbedClients;
  private readonly faults: Faults;
  private readonly numRanks: number;
  private readonly gapMs: number;
  private readonly numTexts: number;
  private numSubmitted = 0;

  constructor(
    private readonly dice: Dice,
    numRequests: number,
  ) {
    this.numTexts = numRequests * TEXTS_PER_REQUEST;
    this.numRanks = dice.chance(0.4) ? 2 : 1;
    this.gapMs = dice.pick([0.1, 1, 4, 12]);
    const { random } = dice;
    const config = this.someConfig();
    const slowness = dice.pick([1, 10]);
    const options = { random, config, limits: LIMITS, numRanks: this.numRanks, slowness };
    this.world = new World(options, (message) => {
      this.clients.receive(message);
    });
    this.faults = new Faults(this.world, dice, dice.pick([2, 5, 20, 150]));
    this.clients = new EmbedClients(
      (message) => {
        this.world.fromMain.post(message);
      },
      {
        nowMs: () => this.world.loop.nowMs,
        numDeviceDeaths: () => this.faults.numDeviceDeaths,
        waitingTimeoutMs: config.waitingTimeoutMs,
        runningTimeoutMs: config.runningTimeoutMs,
      },
    );
  }

  run(): EmbedSimulationResult {
    const { world, clients, dice } = this;
    for (let rank = 0; rank < this.numRanks; rank++) world.attach(rank);
    this.arrive();
    if (dice.chance(0.8)) this.faults.disturb(() => this.hasArrived());
    world.tick(dice.pick([1, 10]), () => !this.hasArrived() || clients.texts.size > 0);
    if (dice.chance(0.3)) this.drainLater();
    this.runUntilQuiet();
    assert.equal(clients.texts.size, 0, 'every accepted text ends');
    this.checkNothingLeft();
    if (!clients.isDraining) clients.drain();
    this.runUntilQuiet();
    assert(clients.isDrained, 'drained');
    const { numDeviceDeaths } = this.faults;
    return { ...clients.outcome, numEvents: world.loop.numEvents, numDeviceDeaths };
  }

  private hasArrived(): boolean {
    return this.numSubmitted >= this.numTexts;
  }

  private runUntilQuiet(): void {
    const { loop } = this.world;
    const max = this.numTexts * EVENTS_PER_TEXT_MAX;
    while (loop.step()) assert(loop.numEvents < max, 'livelock');
  }

  private checkNothingLeft(): void {
    const { clients, world } = this;
    world.fromMain.post({ kind: 'readState', id: -1 });
    this.runUntilQuiet();
    assert.equal(clients.lastRead?.numQueued, 0);
    for (const { numRunning } of clients.lastRead.devices) assert.equal(numRunning, 0);
    const { embedding, parts } = world.scheduler;
    const { live, waiting } = embedding;
    assert.equal(live.size + live.numRids + waiting.length, 0, 'the queues are empty');
    for (const { embedSteps } of parts.devices)
      assert.equal(embedSteps.length, 0, 'no step is left');
  }

  // ---- traffic --------------------------------------------------------------------------------

  private arrive(): void {
    const { clients, dice, world } = this;
    const size = dice.chance(0.05) ? 1 + dice.below(60) : 1 + dice.below(8);
    clients.submit(Array.from({ length: size }, () => this.someText()));
    if (dice.chance(0.2)) this.abortSomeLater();
    if (dice.chance(0.05)) this.pauseForAWhile();
    if (dice.chance(0.1)) world.fromMain.post({ kind: 'readState', id: this.numSubmitted });
    if (this.hasArrived()) return;
    const pauseMs = dice.chance(0.03) ? 400 : dice.random() * 2 * this.gapMs;
    world.loop.after(dice.chance(0.3) ? 0 : pauseMs, () => {
      this.arrive();
    });
  }

  private someText(): EmbedInput {
    const { dice } = this;
    const num = this.numSubmitted++;
    const length = 1 + dice.below(dice.chance(0.05) ? 400 : 40);
    const tokens = Int32Array.from({ length }, () => dice.below(FAKE_VOCAB_SIZE));
    const tokenTypes = dice.chance(0.2) ? new Int32Array(length) : null;
    // Now and then the rid of another text, which may live.
    const named = num > 0 && dice.chance(0.005) ? num - 1 - dice.below(Math.min(num, 10)) : num;
    return { num, rid: `text-${named}-`, tokens, tokenTypes };
  }

  private abortSomeLater(): void {
    const { clients, dice } = this;
    this.world.loop.after(dice.random() * dice.pick([2, 60]), () => {
      const texts = [...clients.texts.values()];
      const text = texts[dice.below(texts.length)];
      if (dice.chance(0.03)) clients.abortAll();
      else if (text !== undefined) clients.abort(text, dice.chance(0.5));
    });
  }

  private pauseForAWhile(): void {
    const { fromMain, loop } = this.world;
    fromMain.post({ kind: 'pause', mode: this.dice.pick(['retract', 'inPlace']) });
    loop.after(this.dice.random() * 30, () => {
      fromMain.post({ kind: 'continue' });
    });
  }

  /** In the middle of the traffic: what comes after it is refused, what was accepted still ends. */
  private drainLater(): void {
    this.world.loop.after(this.dice.random() * this.gapMs * this.numTexts * 0.3, () => {
      this.clients.drain();
    });
  }

  private someConfig(): SchedulerConfig {
    const { dice } = this;
    return {
      ...DEFAULT_SCHEDULER_CONFIG,
      chunkedPrefillSize: dice.pick([-1, 7, 32, 512]),
      maxPrefillTokens: dice.pick([64, 16384]),
      maxQueuedRequests: dice.pick([4, 30, 4096, 4096]),
      waitingTimeoutMs: dice.pick([null, null, 5, 100]),
      runningTimeoutMs: dice.pick([null, null, 3, 100]),
    };
  }
}
