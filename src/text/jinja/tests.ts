import { binary } from './arithmetic.js';
import { CHARACTER_TESTS } from './characters.js';
import { equals, ordered, type Order } from './compare.js';
import type { Bound, Runtime } from './runtime.js';
import { contains, isIterable, lengthOf } from './sequences.js';
import { show } from './show.js';
import {
  Dict,
  isInt,
  isText,
  Markup,
  PyFloat,
  PyObject,
  Undefined,
  Tuple,
  type Value,
} from './values.js';

export interface Test {
  readonly params: readonly string[];
  run(value: Value, args: Bound, runtime: Runtime): boolean;
}

const test = (params: string, run: Test['run']): Test => ({
  params: params === '' ? [] : params.split(' '),
  run,
});

const isRest = (rest: number): Test =>
  test('', (value, _, { meter }) => equals(binary('%', value, 2, meter), rest, meter));

const inOrder = (order: Order): Test =>
  test('other', (value, [other = null], { meter }) => ordered(order, value, other, meter));

const equal = test('other', (value, [other = null], { meter }) => equals(value, other, meter));
const notEqual = test('other', (value, [other = null], { meter }) => !equals(value, other, meter));

const inCase = (name: 'islower' | 'isupper'): Test =>
  test('', (value, _, { meter }) => {
    const text = show(value, meter);
    meter.chars(text.length);
    return CHARACTER_TESTS[name]?.(text) ?? false;
  });

/** `a is b` of Python, as far as values that have no identity here have one there. */
function isSame(a: Value, b: Value): boolean {
  if (isText(a) || isInt(a) || a === null) return a === b;
  return (
    a === b || (a instanceof Tuple && b instanceof Tuple && a.items.length + b.items.length === 0)
  );
}

function isSequence(value: Value, { meter }: Runtime): boolean {
  if (value instanceof Undefined) return true;
  if (value instanceof PyObject) return value.typeName === 'range';
  return lengthOf(value, meter) !== null;
}

export const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['defined', test('', (value) => !(value instanceof Undefined))],
  ['undefined', test('', (value) => value instanceof Undefined)],
  ['none', test('', (value) => value === null)],
  ['boolean', test('', (value) => typeof value === 'boolean')],
  ['true', test('', (value) => value === true)],
  ['false', test('', (value) => value === false)],
  ['integer', test('', (value) => isInt(value) && typeof value !== 'boolean')],
  ['float', test('', (value) => value instanceof PyFloat)],
  ['number', test('', (value) => isInt(value) || value instanceof PyFloat)],
  ['string', test('', (value) => isText(value))],
  ['mapping', test('', (value) => value instanceof Dict)],
  ['sequence', test('', (value, _, runtime) => isSequence(value, runtime))],
  ['iterable', test('', (value) => isIterable(value))],
  [
    'callable',
    test('', (value) =>
      value instanceof Undefined || (value instanceof PyObject && value.call !== undefined)),
  ],
  ['escaped', test('', (value) => value instanceof Markup)],
  ['lower', inCase('islower')],
  ['upper', inCase('isupper')],
  ['odd', isRest(1)],
  ['even', isRest(0)],
  [
    'divisibleby',
    test('num', (value, [num = null], { meter }) =>
      equals(binary('%', value, num, meter), 0, meter)),
  ],
  ['sameas', test('other', (value, [other = null]) => isSame(value, other))],
  ['in', test('seq', (value, [seq = null], { meter }) => contains(seq, value, meter))],
  ['==', equal],
  ['eq', equal],
  ['equalto', equal],
  ['!=', notEqual],
  ['ne', notEqual],
  ['>', inOrder('>')],
  ['gt', inOrder('>')],
  ['greaterthan', inOrder('>')],
  ['>=', inOrder('>=')],
  ['ge', inOrder('>=')],
  ['<', inOrder('<')],
  ['lt', inOrder('<')],
  ['lessthan', inOrder('<')],
  ['<=', inOrder('<=')],
  ['le', inOrder('<=')],
]);
