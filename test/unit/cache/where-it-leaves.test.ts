import t from 'tap';

import { CacheActor } from '../../../src/cache/cache-actor.js';
import { seededRandom } from '../../../src/core/clock.js';
import type { CacheOp, CacheReply, MatchPrefix } from '../../../src/messages.js';

const PAGE = 2;
const TREES = ['0:0', '1:0'];
type Random = () => number;

class Rig {
  readonly actor = new CacheActor();

  constructor() {
    for (const tree of TREES) {
      const size = { numPages: 40, pageSizeTokens: PAGE, disabled: false, weightsEpoch: 0 };
      this.ask({ op: 'open', tree, ...size });
    }
  }

  ask(op: CacheOp): CacheReply | undefined {
    const [reply] = this.actor.handle({ kind: 'ops', ops: [op] })?.replies ?? [];
    if (reply?.op === 'fault') throw new Error(reply.message);
    return reply;
  }

  keep(tree: string, tokens: Int32Array, prefillTokens: number, whose: Whose): void {
    const numPages = tokens.length / PAGE;
    const leased = this.ask({ op: 'lease', tree, numPages });
    if (leased?.op !== 'leased' || leased.pages.length < numPages) throw new Error('too few pages');
    const own = { pages: leased.pages, ownFrom: 0, lock: 0, relock: false };
    this.ask({ op: 'insert', num: 1, tree, tokens, prefillTokens, ...whose, ...own });
  }

  /** What a request is told that runs. */
  match(tree: string, tokens: Int32Array, whose: Whose, strict: boolean) {
    const lengths = { maxTokens: tokens.length - 1, prefillTokens: tokens.length };
    const op: MatchPrefix = {
      op: 'match',
      num: 1,
      tree,
      tokens,
      ...lengths,
      ...whose,
      strict,
      explains: true,
    };
    const reply = this.ask(op);
    if (reply?.op !== 'matched') throw new Error('no match');
    if (reply.lock !== 0) this.ask({ op: 'unlock', tree, lock: reply.lock });
    return reply;
  }
}

interface Whose {
  readonly namespace: string;
  readonly tenant: string;
}

const randomIds = (random: Random, numPages: number): Int32Array =>
  Int32Array.from({ length: numPages * PAGE }, () => Math.floor(random() * 2));

const pick = <T>(random: Random, items: readonly T[]): T =>
  items[Math.floor(random() * items.length)] as T;

t.test('a prompt that is not run is told what one that runs is', (t) => {
  const seed = Number(process.argv[2] ?? 1);
  const random = seededRandom(seed);
  const causes = new Set<string>();
  for (let round = 0; round < 300; round++) {
    const rig = new Rig();
    const whose = (): Whose => ({
      namespace: pick(random, ['', '', 'k']),
      tenant: pick(random, ['', 'other']),
    });
    for (let i = 0; i < 8; i++) {
      const tokens = randomIds(random, 1 + Math.floor(random() * 6));
      const numPrefill = PAGE * Math.floor((random() * tokens.length) / PAGE);
      rig.keep(pick(random, TREES), tokens, random() < 0.5 ? tokens.length : numPrefill, whose());
    }
    const tokens = randomIds(random, 6).subarray(0, 3 + Math.floor(random() * 9));
    const strict = random() < 0.5;
    const mine = whose();
    const before = rig.actor.snapshot();
    const told = rig.actor.explain({ tokens, ...mine, strict });
    t.strictSame(rig.actor.snapshot(), before, 'nothing is split, locked or evicted');
    for (const { tree, numTokens, miss, pageSizeTokens, path } of told) {
      const matched = rig.match(tree, tokens, mine, strict);
      const at = `seed ${seed}, round ${round}, ${tree}`;
      t.equal(numTokens, matched.numTokens, at);
      t.equal(pageSizeTokens, PAGE);
      causes.add(miss.cause);
      if (miss.position === null) t.ok(numTokens + PAGE > tokens.length - 1, at);
      else t.match(miss, matched.miss ?? { position: numTokens, cause: 'never_seen' }, at);
      t.equal(path.length > 0, numTokens > 0, at);
      t.equal(new Set(path).size, path.length);
    }
  }
  for (const cause of ['none', 'less_than_a_page', 'never_seen', 'decode_made', 'other_device'])
    t.ok(causes.has(cause), cause);
  t.end();
});

t.test('the path is that of the view', (t) => {
  const rig = new Rig();
  const nobody = { namespace: '', tenant: '' };
  rig.keep('0:0', Int32Array.of(1, 2, 3, 4), 4, nobody);
  rig.keep('0:0', Int32Array.of(1, 2, 5, 6), 4, nobody);
  const wish = { focus: null, maxNodes: 16, wantsHeads: false };
  const nodes = rig.actor.look([wish]).views[0]?.trees[0]?.nodes ?? [];
  const tokens = Int32Array.of(1, 2, 5, 6, 7);
  const [told] = rig.actor.explain({ tokens, ...nobody, strict: false });
  t.equal(told?.path.length, 3);
  t.same(
    told?.path.map((id) => nodes.find((node) => node.id === id)?.start),
    [0, 0, 2],
    'the top, what both begin with, and the rest',
  );
  t.equal(told?.numTokens, 4);
  t.end();
});
