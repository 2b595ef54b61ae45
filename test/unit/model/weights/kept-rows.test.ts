import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { randomBits } from '../../../../src/core/clock.js';
import { BLOCK_TYPES, type BlockName } from '../../../../src/model/weights/blocks/registry.js';
import { InputFiles } from '../../../../src/model/weights/input-files.js';
import { keptBlocks } from '../../../../src/model/weights/kept-blocks.js';
import { readKeptRows, sumColumnsOf } from '../../../../src/model/weights/kept-rows.js';
import type { BlockPacking, StoredTensor } from '../../../../src/model/weights/packing.js';
import { readFloats } from '../../../../src/model/weights/stored-rows.js';
import { DIGIT_FACTORS } from '../../../../src/model/weights/sum-columns.js';
import { unpackKept } from '../kept-numbers.js';

const ROWS = 5;
/** Three blocks of a K type: 24 groups, whose sums end inside a block of columns. */
const WIDTH = 768;

/** Of each type that is kept: numbers that share a scale, and perhaps a minimum, which a block has behind its scale. */
const TYPES = {
  Q4_0: { group: 32, hasMinima: false, scaleAt: 0 },
  Q4_1: { group: 32, hasMinima: true, scaleAt: 0 },
  Q2_K: { group: 16, hasMinima: true, scaleAt: 80 },
  Q3_K: { group: 16, hasMinima: false, scaleAt: 108 },
  Q4_K: { group: 32, hasMinima: true, scaleAt: 0 },
} as const satisfies Partial<Record<BlockName, object>>;
type Kept = keyof typeof TYPES;

for (const encoding of Object.keys(TYPES) as Kept[]) {
  t.test(`${encoding}: codes, zeros and sums are the weights`, (t) => {
    const { files, source, packing } = randomTensor(t, encoding);
    const kept = keptBlocks(files, packing, WIDTH);
    if (kept === null) throw new Error(`${encoding} is not kept`);
    const { group, hasMinima } = TYPES[encoding];
    t.match(kept, { blockSize: group, hasMinima });
    const rows = readKeptRows(files, source, kept, { begin: 1, end: ROWS });
    const ours = unpackKept(rows, WIDTH, kept);
    const theirs = readFloats(files, source, 1, ROWS);
    const largest = theirs.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const worst = theirs.reduce((most, x, i) => Math.max(most, Math.abs(x - (ours[i] ?? NaN))), 0);
    // Both digits of what a zero leaves are to a 238th of its largest.
    t.ok(worst <= (kept.hasMinima ? largest / 238 : 0), `off by ${worst} of ${largest}`);
    t.equal(sumColumnsOf(WIDTH, kept), kept.hasMinima ? (2 * WIDTH) / group : 0);
    files.close();
    t.end();
  });
}

t.test('types with more bits, or numbers from a table, are not', (t) => {
  const files = new InputFiles();
  const others = Object.keys(BLOCK_TYPES).filter(
    (name) => !Object.hasOwn(TYPES, name),
  ) as BlockName[];
  t.ok(others.length > 7);
  for (const encoding of others) t.equal(keptBlocks(files, packingOf(encoding), WIDTH), null);
  files.close();
  t.end();
});

t.test('a minimum that is no number is refused by its scale', (t) => {
  const { files, source, packing } = randomTensor(t, 'Q4_1', 0x7e00);
  const kept = keptBlocks(files, packing, WIDTH);
  if (kept === null) throw new Error('Q4_1 is not kept');
  const { scales } = readKeptRows(files, source, kept, { begin: 0, end: 1 });
  t.notOk(scales.every(Number.isFinite));
  files.close();
  t.end();
});

t.test('digits meet the sum and a part of it', (t) => {
  t.same(DIGIT_FACTORS, [1, 1 / 16]);
  t.end();
});

/** A matrix of random bytes with scales and minima near 0.01, or another minimum. */
function randomTensor(t: Test, encoding: Kept, minimum?: number) {
  const type = BLOCK_TYPES[encoding];
  const next = randomBits(7);
  const half = (): number => 0x2000 + (next() & 0x3ff);
  const bytes = Buffer.alloc(((ROWS * WIDTH) / type.elements) * type.bytes);
  for (let from = 0; from < bytes.length; from += type.bytes) {
    const at = from + TYPES[encoding].scaleAt;
    for (let i = 0; i < type.bytes; i++) bytes[from + i] = next();
    bytes.writeUInt16LE(half(), at);
    if (!TYPES[encoding].hasMinima) continue;
    // Of Q4_1 a minimum is below zero, of K types it is taken away.
    bytes.writeUInt16LE(minimum ?? half() | (encoding === 'Q4_1' ? 0x8000 : 0), at + 2);
  }
  const path = join(t.testdir({}), 'weights.bin');
  writeFileSync(path, bytes);
  const packing = packingOf(encoding);
  const shape = [ROWS, WIDTH];
  const source: StoredTensor = { name: 'w', path, offset: 0, dtype: 'f32', packing, shape };
  return { files: new InputFiles(), source, packing };
}

function packingOf(encoding: BlockName): BlockPacking {
  return { kind: 'blocks', encoding, pairedRows: null, plus: 0 };
}
