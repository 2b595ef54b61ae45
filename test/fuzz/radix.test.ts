/**
 * The radix tree behind the cache actor against a naive oracle, with all invariants checked after every
 * operation. Replay or lengthen a run: `node dist/test/fuzz/radix.test.js SEED NUM_OPS`.
 */
import t from 'tap';
import { seededRandom } from '../../src/core/clock.js';
import { CacheDriver } from './cache-driver.js';

const seed = Number(process.argv[2] ?? Math.floor(Math.random() * 2 ** 32));
const numOps = Number(process.argv[3] ?? 20_000);

// A long run, not a hung one.
t.setTimeout(600_000);

/** Few pages and few tokens: evictions, splits and replacements in almost every operation. */
const SHAPES = [
  { pageSizeTokens: 1, vocabularySize: 3, numPages: 56, numPlaces: 0 },
  { pageSizeTokens: 2, vocabularySize: 3, numPages: 40, numPlaces: 0 },
  { pageSizeTokens: 4, vocabularySize: 2, numPages: 24, numPlaces: 0 },
  { pageSizeTokens: 16, vocabularySize: 2, numPages: 56, numPlaces: 0 },
  { pageSizeTokens: 1, vocabularySize: 3, numPages: 56, numPlaces: 24 },
  { pageSizeTokens: 4, vocabularySize: 2, numPages: 40, numPlaces: 6 },
] as const;

/** After so many operations of one shape each of these has been the answer. */
const ENOUGH = 3_000;
const EXPLAINED = ['decode_made', 'evicted', 'flushed', 'fork', 'never_seen', 'other_namespace'];
const WITH_STATES = [...EXPLAINED, 'recurrent_state'];

for (const shape of SHAPES) {
  const numSteps = Math.ceil(numOps / SHAPES.length);
  const { pageSizeTokens, numPlaces } = shape;
  t.test(`agrees with the oracle at page size ${pageSizeTokens}, ${numPlaces} states`, (t) => {
    const driver = new CacheDriver({ ...shape, random: seededRandom(seed) });
    let step = 0;
    try {
      for (; step < numSteps; step++) driver.step();
      driver.drain();
      const told = [...driver.misses].sort();
      if (numSteps >= ENOUGH) {
        t.match(told, numPlaces > 0 ? WITH_STATES : EXPLAINED, 'kinds of misses');
        t.equal(driver.numStatesMatched > 0, numPlaces > 0, `${driver.numStatesMatched} states`);
      }
      t.pass(`${numSteps} operations`);
    } catch (error) {
      t.comment(`replay: node dist/test/fuzz/radix.test.js ${seed} ${numOps}`);
      t.error(error, `operation ${step} with seed ${seed}`);
    }
    t.end();
  });
}
