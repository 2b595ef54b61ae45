/**
 * Scheduler, cache actor and fake devices under random traffic and faults, replayable from one seed:
 * `node dist/test/sim/scheduler.test.js [numSeeds] [firstSeed] [requestsPerSeed]`.
 */
import tap, { type Test } from 'tap';
import { seededRandom } from '../../src/core/clock.js';
import { Dice } from './dice.js';
import { EmbedSimulation, type EmbedSimulationResult } from './embed-simulation.js';
import { Simulation, type SimulationResult } from './simulation.js';

/** Seconds, for every check. */
const DEFAULT_SEEDS = 72;
/** Every third seed is an embedding server. */
const EMBED_EVERY = 3;
const [numSeeds = DEFAULT_SEEDS, firstSeed = 1, numRequests = 50] = process.argv
  .slice(2)
  .map(Number);

/** What the default run must have seen, or it tests less than it says. */
const COVERED: readonly (keyof SimulationResult | keyof EmbedSimulationResult)[] = [
  'numFinished',
  'numRefused',
  'numAborted',
  'numTooLarge',
  'numDeviceFailed',
  'numEvicted',
  'numTextStops',
  'numRetractions',
  'numResumedFromCache',
  'numCancels',
  'numRefusedInserts',
  'numStalls',
  'numBorderStalls',
  'numSwaps',
  'numTurnRows',
  'numJoiningSteps',
  'numStateSaves',
  'numStateLoads',
  'numCachedTokens',
  'numFlushed',
  'numFlushRefused',
  'numReads',
  'numMissesExplained',
  'numForks',
  'numHiddenResumed',
  'numVectors',
  'numTextsQueueFull',
  'numTextsShutOut',
  'numTextsDuplicate',
  'numTextsAborted',
  'numTextsWaitedTooLong',
  'numTextsRanTooLong',
  'numTextsDeviceFailed',
  'numTextReads',
];

/** Long runs take hours if asked to. */
tap.setTimeout(0);

tap.test(
  `${numSeeds} seeds from ${firstSeed}, ${numRequests} requests each`,
  { timeout: 0 },
  (t) => {
    const sums = new Map<string, number>();
    for (let seed = firstSeed; seed < firstSeed + numSeeds; seed++) {
      const result = runSeed(t, seed);
      if (result === null) break;
      for (const [name, value] of Object.entries(result)) {
        sums.set(name, (sums.get(name) ?? 0) + Number(value));
      }
    }
    t.comment(Object.fromEntries(sums));
    for (const name of COVERED) {
      if (numSeeds >= DEFAULT_SEEDS) t.ok((sums.get(name) ?? 0) > 0, `the seeds reach ${name}`);
    }
    t.end();
  },
);

function runSeed(t: Test, seed: number): SimulationResult | EmbedSimulationResult | null {
  try {
    return simulate(seed);
  } catch (error) {
    t.fail(
      `seed ${seed}: replay with node dist/test/sim/scheduler.test.js 1 ${seed} ${numRequests}`,
    );
    t.error(error);
    return null;
  }
}

function simulate(seed: number): SimulationResult | EmbedSimulationResult {
  const dice = new Dice(seededRandom(seed));
  const isEmbedding = seed % EMBED_EVERY === 0;
  return new (isEmbedding ? EmbedSimulation : Simulation)(dice, numRequests).run();
}
