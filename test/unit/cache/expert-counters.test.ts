import t from 'tap';
import { ExpertCounters } from '../../../src/cache/expert-counters.js';

t.test('sums the counts of steps until it is reset', (t) => {
  const counters = new ExpertCounters(2, 3);
  counters.add(Uint32Array.of(1, 0, 2, 0, 3, 0));
  counters.add(Uint32Array.of(4294967295, 0, 0, 0, 0, 1));
  const before = counters.snapshot();
  t.match(before, { numLayers: 2, numExperts: 3 });
  t.same([...before.counts], [4294967296, 0, 2, 0, 3, 1]);
  counters.reset();
  t.same([...counters.snapshot().counts], [0, 0, 0, 0, 0, 0]);
  t.equal(before.counts[1], 0, 'a snapshot is a copy');
  t.equal(before.counts[0], 4294967296);
  t.end();
});

t.test('refuses counts of another shape', (t) => {
  t.throws(() => {
    new ExpertCounters(2, 3).add(new Uint32Array(5));
  }, RangeError);
  t.end();
});
