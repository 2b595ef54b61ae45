import type { Reading } from '../scan/input.js';
import { quoted } from '../scan/json-value.js';
import type { CallReading, ToolFormat } from './format.js';
import { readJson } from './json-calls.js';

/** Marks of Llama 4 around the list, which mean nothing more than the list does. */
const MARKS = ['<|python_start|>', '<|python_end|>'];
const MAX_NAME_CHARS = 256;

/**
 * Python, as Llama 4 writes it: `[f(a=1, b="x"), g()]`. A call is handed on when it is whole: what only begins like
 * one may be any text in brackets.
 */
export const pythonic: ToolFormat = {
  *read(reading) {
    const { input, out } = reading;
    for (;;) {
      const marker = yield* input.until(['[', ...MARKS], out.text);
      if (marker === null) return;
      if (marker === '[' && !(yield* readList(reading))) out.text(marker);
    }
  },
  frame: null,
};

/** False = no call comes first, and nothing is taken. */
function* readList(reading: CallReading): Reading<boolean> {
  const { input, out } = reading;
  for (let isFirst = true; ; isFirst = false) {
    input.hold();
    yield* input.space();
    const call = yield* readCall(reading);
    if (call === null) {
      input.back();
      if (!isFirst) yield* input.take(']');
      return !isFirst;
    }
    input.release();
    out.call(call.name);
    out.arguments(call.json);
    yield* input.space();
    if (yield* input.take(']')) return true;
    if (!(yield* input.take(','))) return true;
  }
}

interface Call {
  readonly name: string;
  readonly json: string;
}

function* readCall(reading: CallReading): Reading<Call | null> {
  const { input, tools } = reading;
  const name = yield* readName(reading);
  if (!tools.has(name) || !(yield* input.take('('))) return null;
  const parts: string[] = [];
  for (;;) {
    yield* input.space();
    if (yield* input.take(')')) return { name, json: `{${parts.join(', ')}}` };
    const argument = yield* readArgument(reading);
    if (argument === null) return null;
    parts.push(argument);
    yield* input.space();
    if (!(yield* input.take(',')) && (yield* input.peek()) !== ')') return null;
  }
}

/** `a=1` as `"a": 1`. */
function* readArgument(reading: CallReading): Reading<string | null> {
  const { input } = reading;
  const key = yield* readName(reading);
  yield* input.space();
  if (key === '' || !(yield* input.take('='))) return null;
  let json = '';
  const isWhole = yield* readJson(input, (text) => {
    json += text;
  });
  return isWhole ? `"${quoted(key)}": ${json}` : null;
}

function* readName({ input }: CallReading): Reading<string> {
  let name = '';
  while (/\w/.test(yield* input.peek()) && name.length < MAX_NAME_CHARS) {
    name += yield* input.peek();
    input.skip(1);
  }
  return name;
}
