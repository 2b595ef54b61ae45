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
  { pageSizeTokens: 1, vocabularySize: 3, numPages: 56 },
  { pageSizeTokens: 2, vocabularySize: 3, numPages: 40 },
  { pageSizeTokens: 4, vocabularySize: 2, numPages: 24 },
  { pageSizeTokens: 16, vocabularySize: 2, numPages: 56 },
] as const;

/** After so many operations of one shape each of these has been the answer. */
const ENOUGH = 5_000;
const EXPLAINED = ['decode_made', 'evicted', 'flushed', 'fork', 'never_seen', 'other_namespace'];

for (const shape of SHAPES) {
  const numSteps = Math.ceil(numOps / SHAPES.length);
  t.test(`agrees with the oracle at page size ${shape.pageSizeTokens}`, (t) => {
    const driver = new CacheDriver({ ...shape, random: seededRandom(seed) });
    let step = 0;
    try {
      for (; step < numSteps; step++) driver.step();
      driver.drain();
      const told = [...driver.misses].sort();
      if (numSteps >= ENOUGH) t.match(told, EXPLAINED, 'kinds of misses');
      t.pass(`${numSteps} operations`);
    } catch (error) {
      t.comment(`replay: node dist/test/fuzz/radix.test.js ${seed} ${numOps}`);
      t.error(error, `operation ${step} with seed ${seed}`);
    }
    t.end();
  });
}
