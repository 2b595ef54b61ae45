import t from 'tap';
import { philox4x32, uniformAt } from '../../../../src/device/sampling/rng.js';

t.test('Philox4x32-10 gives the known answers of the Random123 library', (t) => {
  const hex = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, '0'));
  const ones = 0xffffffff;
  t.same(hex(philox4x32([0, 0, 0, 0], [0, 0])), ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']);
  t.same(hex(philox4x32([ones, ones, ones, ones], [ones, ones])), [
    '408f276d',
    '41c83b0e',
    'a20bc7c6',
    '6d5451fd',
  ]);
  t.same(
    hex(philox4x32([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])),
    ['d16cfe09', '94fdcceb', '5001e420', '24126ea1'],
  );
  t.end();
});

const ofSeed = (seed: number, sampleIndex = 0, seedHigh = 0) => ({ seed, seedHigh, sampleIndex });

t.test('a draw depends on all words of the seed, sample and position, and on nothing else', (t) => {
  const first = uniformAt(ofSeed(7), 100);
  t.equal(uniformAt(ofSeed(7), 100), first);
  t.not(uniformAt(ofSeed(8), 100), first);
  t.not(uniformAt(ofSeed(7, 0, 1), 100), first);
  t.not(uniformAt(ofSeed(7, 1), 100), first);
  t.not(uniformAt(ofSeed(7), 101), first);
  t.end();
});

t.test('draws fill [0, 1) evenly', (t) => {
  const numBins = 20;
  const draws = 20_000;
  const bins = new Array<number>(numBins).fill(0);
  for (let position = 0; position < draws; position++) {
    const u = uniformAt(ofSeed(1234, 3), position);
    if (u < 0 || u >= 1) t.fail(`${u} is outside [0, 1)`);
    const bin = Math.floor(u * numBins);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  const expected = draws / numBins;
  const chiSquare = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // 19 degrees of freedom: 43.8 is passed by chance once in a thousand seeds, and this seed is fixed.
  t.ok(chiSquare < 43.8, `chi-square ${chiSquare}`);
  t.end();
});
