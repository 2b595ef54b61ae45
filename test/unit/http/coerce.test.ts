import t from 'tap';

import { coerceBoolean, coerceInteger, coerceNumber } from '../../../src/http/coerce.js';

/** JSON value: what pydantic 2's `int`, `float` and `bool` make of it in lax mode; null = refused. */
const EXPECTED: readonly [unknown, number | null, number | null, boolean | null][] = [
  [true, 1, 1, true],
  [false, 0, 0, false],
  [0, 0, 0, false],
  [2, 2, 2, null],
  [1.5, null, 1.5, null],
  [-1, -1, -1, null],
  ['4', 4, 4, null],
  [' 4 ', 4, 4, null],
  ['+4', 4, 4, null],
  ['-4', -4, -4, null],
  ['4.0', 4, 4, null],
  ['4.5', null, 4.5, null],
  ['1_000', 1000, 1000, null],
  ['1e3', null, 1000, null],
  ['1.', 1, 1, null],
  ['.5', null, 0.5, null],
  [' 1.5 ', null, 1.5, null],
  ['0x10', null, null, null],
  ['0b1', null, null, null],
  ['_1', null, null, null],
  ['1__0', null, null, null],
  ['', null, null, null],
  ['abc', null, null, null],
  ['constructor', null, null, null],
  ['nan', null, NaN, null],
  ['Infinity', null, Infinity, null],
  ['-inf', null, -Infinity, null],
  ['true', null, null, true],
  ['ON', null, null, true],
  ['n', null, null, false],
  ['1', 1, 1, true],
  ['2', 2, 2, null],
  [1e300, null, 1e300, null],
  [[], null, null, null],
  [{}, null, null, null],
];

t.test('fields are coerced as pydantic coerces them', (t) => {
  for (const [value, integer, number, boolean] of EXPECTED) {
    const name = JSON.stringify(value);
    t.equal(coerceInteger(value) ?? null, integer, `${name} as an integer`);
    t.strictSame(coerceNumber(value) ?? null, number, `${name} as a number`);
    t.equal(coerceBoolean(value) ?? null, boolean, `${name} as a boolean`);
  }
  t.end();
});
