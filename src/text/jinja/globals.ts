import { bind } from './bind.js';
import { raise, typeError } from './errors.js';
import type { Meter } from './meter.js';
import { toIndex } from './numbers.js';
import { Cycler, Joiner, Namespace, PyFunction, PyRange, type Implementation } from './objects.js';
import { each, toArray } from './sequences.js';
import { show } from './show.js';
import { strftime } from './strftime.js';
import {
  Dict,
  isInt,
  isText,
  textOf,
  typeName,
  Undefined,
  type Kwargs,
  type Value,
} from './values.js';

/** Jinja2's sandbox allows no longer ranges. */
const MAX_RANGE = 100_000;

/** Names that a template has from Hugging Face's renderer; the variables of a request cannot replace them. */
export const GLOBAL_NAMES = [
  'range',
  'dict',
  'namespace',
  'cycler',
  'joiner',
  'lipsum',
  'raise_exception',
  'strftime_now',
] as const;

type GlobalName = (typeof GLOBAL_NAMES)[number];

export function globalsOf(meter: Meter, now: () => Date): ReadonlyMap<string, Value> {
  const implementations: Readonly<Record<GlobalName, Implementation>> = {
    range: (args) => range(args),
    dict: (args, kwargs) => dict(args, kwargs, meter),
    namespace: (args, kwargs) => new Namespace(dict(args, kwargs, meter), meter),
    cycler: (args) => new Cycler(args),
    joiner: (args, kwargs) => new Joiner(bind('joiner', ['sep?'], args, kwargs)[0] ?? ', '),
    lipsum: () => raise('TemplateRuntimeError', 'lipsum is not supported: its text is random.'),
    raise_exception: (args, kwargs) => {
      const [message = null] = bind('raise_exception', ['message'], args, kwargs);
      return raise('TemplateError', show(message, meter));
    },
    strftime_now: (args, kwargs) => {
      const [format = null] = bind('strftime_now', ['format'], args, kwargs);
      if (!isText(format))
        return typeError(`strftime() argument 1 must be str, not ${typeName(format)}`);
      meter.chars(textOf(format).length * 64);
      return strftime(textOf(format), now());
    },
  };
  const types: ReadonlySet<string> = new Set(['range', 'dict', 'namespace', 'cycler', 'joiner']);
  return new Map(
    Object.entries(implementations).map(([name, call]) => [
      name,
      new PyFunction(name, call, types.has(name) ? 'type' : 'function'),
    ]),
  );
}

function range(args: readonly Value[]): PyRange {
  if (args.length === 0) typeError('range expected at least 1 argument, got 0');
  if (args.length > 3) typeError(`range expected at most 3 arguments, got ${args.length}`);
  for (const arg of args) {
    if (!isInt(arg)) typeError(`'${typeName(arg)}' object cannot be interpreted as an integer`);
  }
  const [first = 0, second, third = 1] = args.map(toIndex);
  if (third === 0) raise('ValueError', 'range() arg 3 must not be zero');
  const made = second === undefined ? new PyRange(0, first, 1) : new PyRange(first, second, third);
  if (made.length() > MAX_RANGE) {
    raise(
      'OverflowError',
      `Range too big. The sandbox blocks ranges larger than MAX_RANGE (${MAX_RANGE}).`,
    );
  }
  return made;
}

/** `dict(x, **kwargs)`: of a mapping, or of pairs. */
function dict(args: readonly Value[], kwargs: Kwargs, meter: Meter): Dict {
  if (args.length > 1) typeError(`dict expected at most 1 argument, got ${args.length}`);
  const made = new Dict();
  const [source] = args;
  if (source instanceof Dict) {
    meter.steps(source.size);
    for (const [key, value] of source.entries()) made.set(key, value);
  } else if (source instanceof Undefined) {
    raise(source.kind, source.message);
  } else if (source !== undefined) {
    let i = 0;
    for (const pair of each(source, meter)) addPair(made, pair, i++, meter);
  }
  for (const [name, value] of kwargs) made.set(name, value);
  return made;
}

function addPair(dict_: Dict, pair: Value, index: number, meter: Meter): void {
  const items = toArray(pair, meter);
  const [key, value] = items;
  if (key === undefined || value === undefined || items.length !== 2) {
    raise(
      'ValueError',
      `dictionary update sequence element #${index} has length ${items.length}; 2 is required`,
    );
  }
  dict_.set(key, value);
}
