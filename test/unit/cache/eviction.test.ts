import t from 'tap';
import { EvictionQueue } from '../../../src/cache/eviction.js';
import { RadixNode, RadixRoot } from '../../../src/cache/radix-node.js';
import { seededRandom } from '../../../src/core/clock.js';

function nodeUsedAt(lastAccess: number): RadixNode {
  const node = new RadixNode(new RadixRoot('', 1), Int32Array.of(1), Int32Array.of(1), false, '');
  node.lastAccess = lastAccess;
  return node;
}

t.test('yields the least recently used first, whatever was added and removed between', (t) => {
  const seed = 20240229;
  const random = seededRandom(seed);
  const queue = new EvictionQueue();
  const waiting = new Set<RadixNode>();
  for (let round = 0; round < 5_000; round++) {
    const node = nodeUsedAt(Math.floor(random() * 1_000));
    waiting.add(node);
    queue.add(node);
    if (random() < 0.6) continue;
    const least = Math.min(...[...waiting].map((n) => n.lastAccess));
    if (queue.least()?.lastAccess !== least) t.fail(`round ${round}, seed ${seed}`);
    const nodes = queue.nodes();
    const any = nodes[random() < 0.5 ? 0 : Math.floor(random() * nodes.length)] ?? node;
    queue.remove(any);
    waiting.delete(any);
    t.equal(any.queueIndex, -1);
  }
  t.equal(queue.size, waiting.size);
  t.end();
});

t.test('ignores the removal of a node that is not queued', (t) => {
  const queue = new EvictionQueue();
  const [queued, stranger] = [nodeUsedAt(1), nodeUsedAt(0)];
  queue.add(queued);
  queue.remove(stranger);
  t.equal(queue.least(), queued);
  queue.clear();
  t.same([queue.size, queue.least(), queued.queueIndex], [0, undefined, -1]);
  t.end();
});
