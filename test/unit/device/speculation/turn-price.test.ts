import t from 'tap';
import {
  draftsWorth,
  type TurnPrice,
  turnPrice,
} from '../../../../src/device/speculation/turn-price.js';

const COSTS = {
  decodeRow: { base: 0.2, perKey: 0 },
  draftRow: { base: 0.1, perKey: 0.0001 },
  draftSequence: { base: 0.05, perKey: 0.0005 },
  draftModel: null,
};
const LONE = { numDecoding: 1, numDrafting: 1, numLately: 1, isLone: true, numKeys: 0 };

/** Of a token that is worth a step. */
function worth(chances: readonly number[], price: Pick<TurnPrice, 'any' | 'each'>): number {
  return draftsWorth(chances.length, (i) => chances[i] ?? 0, { perToken: 1, ...price }).count;
}

t.test('alone a token is worth a step, and nothing is copied', (t) => {
  const { perToken, any, each, draftRun } = turnPrice(COSTS, LONE);
  t.equal(perToken, 1);
  t.equal(any, 0);
  t.equal(draftRun, 0);
  t.match(each.toFixed(6), '0.120000', 'with a margin of a fifth');
  t.end();
});

t.test('the fuller the batch, the longer the context, the dearer a draft', (t) => {
  const prices = [1, 2, 4, 8, 16, 64].map((numDecoding) => {
    const isLone = numDecoding === 1;
    const run = { ...LONE, numDecoding, numDrafting: numDecoding, isLone, numKeys: 300 };
    const { perToken, any, each } = turnPrice(COSTS, run);
    return { any: any / perToken, each: each / perToken };
  });
  for (const [i, price] of prices.slice(1).entries()) {
    t.ok(price.each > (prices[i]?.each ?? Infinity));
    t.ok(price.any > (prices[i]?.any ?? Infinity));
  }
  const far = turnPrice(COSTS, { ...LONE, numKeys: 1000 });
  t.ok(far.each > turnPrice(COSTS, LONE).each);
  // A prompt beside it: the run is not its own, but a token is worth a step still.
  const beside = turnPrice(COSTS, { ...LONE, isLone: false });
  t.equal(beside.each, turnPrice(COSTS, LONE).each);
  t.ok(beside.any > 0);
  t.end();
});

t.test('so many drafts as bring the most', (t) => {
  const half = [0.5, 0.5, 0.5, 0.5, 0.5];
  t.equal(worth(half, { any: 0, each: 0.2 }), 2, 'a quarter is worth more, an eighth less');
  t.equal(worth(half, { any: 0, each: 0.6 }), 0);
  t.equal(worth(half, { any: 0.5, each: 0.2 }), 0, 'not what having any costs');
  t.equal(worth(half, { any: 0.3, each: 0.2 }), 2);
  t.equal(worth([0.5, 0.99, 0.99], { any: 0, each: 0.55 }), 0);
  t.equal(worth([0.5, 0.99, 0.99], { any: 0, each: 0.493 }), 2);
  t.equal(worth([0.6, 1, 1, 1], { any: 1, each: 0.1 }), 4, 'the later ones pay for the first');
  t.equal(worth([], { any: 0, each: 0 }), 0);
  t.end();
});

t.test('a run of a draft model is shared by those that draft', (t) => {
  const costs = { ...COSTS, draftModel: { run: 0.5, textRow: 0 } };
  const run = { ...LONE, numDecoding: 8, isLone: false };
  const one = turnPrice(costs, run).draftRun;
  const all = turnPrice(costs, { ...run, numDrafting: 8 }).draftRun;
  t.match(
    [one, all].map((price) => price.toFixed(3)),
    ['0.600', '0.180'],
  );
  t.end();
});

t.test('what drafts bring is told with their number', (t) => {
  const { won, numTokens } = draftsWorth(9, () => 0.5, { perToken: 2, any: 0.1, each: 0.4 });
  t.equal(numTokens, 1.75);
  t.match(won.toFixed(6), '0.600000');
  t.end();
});
