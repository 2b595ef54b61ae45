import t from 'tap';
import { MatchChances } from '../../../../src/device/speculation/match-chances.js';

t.test('a longer match is likelier to be right', (t) => {
  const chances = new MatchChances();
  const lengths = [1, 2, 3, 4, 6, 8, 12, 16, 24];
  for (const [i, length] of lengths.slice(1).entries()) {
    t.ok(chances.chance(length) > chances.chance(lengths[i] ?? 0), `${length}`);
  }
  t.equal(chances.chance(5), chances.chance(4));
  t.equal(chances.chance(1000), chances.chance(24));
  t.end();
});

t.test("the request's own matches count, each length for itself", (t) => {
  const chances = new MatchChances();
  const before = { four: chances.chance(4), six: chances.chance(6) };
  for (let i = 0; i < 24; i++) chances.count(4, false);
  t.ok(chances.chance(4) < before.four / 3.9);
  t.equal(chances.chance(6), before.six);
  for (let i = 0; i < 24; i++) chances.count(7, true);
  t.ok(chances.chance(6) > 0.95);
  t.end();
});
