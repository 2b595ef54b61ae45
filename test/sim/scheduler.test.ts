/**
 * Scheduler, cache actor and fake devices under random traffic and faults, replayable from one seed:
 * `node dist/test/sim/scheduler.test.js [numSeeds] [firstSeed] [requestsPerSeed]`.
 */
import tap, { type Test } from 'tap';
import { simulate, type SimulationResult } from './simulation.js';

/** Seconds, for every check. */
const DEFAULT_SEEDS = 48;
const [numSeeds = DEFAULT_SEEDS, firstSeed = 1, numRequests = 50] = process.argv
  .slice(2)
  .map(Number);

/** What the default run must have seen, or it tests less than it says. */
const COVERED: readonly (keyof SimulationResult)[] = [
  'numFinished',
  'numRefused',
  'numAborted',
  'numTooLarge',
  'numDeviceFailed',
  'numEvicted',
  'numTextStops',
  'numRetractions',
  'numCachedTokens',
  'numFlushed',
  'numFlushRefused',
  'numReads',
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

function runSeed(t: Test, seed: number): SimulationResult | null {
  try {
    return simulate(seed, numRequests);
  } catch (error) {
    t.fail(
      `seed ${seed}: replay with node dist/test/sim/scheduler.test.js 1 ${seed} ${numRequests}`,
    );
    t.error(error);
    return null;
  }
}
