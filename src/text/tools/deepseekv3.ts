import type { Reading } from '../scan/input.js';
import type { CallReading, ToolFormat } from './format.js';
import { readJson } from './json-calls.js';
import { readMarked } from './marked.js';

const SECTION = { open: '<｜tool▁calls▁begin｜>', close: '<｜tool▁calls▁end｜>' };
const CALL = { open: '<｜tool▁call▁begin｜>', close: '<｜tool▁call▁end｜>' };
const SEPARATOR = '<｜tool▁sep｜>';
const FENCE = '```';
const MAX_NAME_CHARS = 256;

/**
 * DeepSeek V3 and R1, between the marks of a call: `function`, separator, name, line break and the arguments as a
 * fenced block of JSON.
 */
export const deepseekv3: ToolFormat = {
  read,
  frame: (name) => ({
    begin: `${SECTION.open}${CALL.open}function${SEPARATOR}${name}\n${FENCE}json\n`,
    end: `\n${FENCE}${CALL.close}${SECTION.close}`,
    trigger: SECTION.open,
  }),
};

/** DeepSeek V3.1: name, separator and the arguments alone. */
export const deepseekv31: ToolFormat = {
  read,
  frame: (name) => ({
    begin: `${SECTION.open}${CALL.open}${name}${SEPARATOR}`,
    end: `${CALL.close}${SECTION.close}`,
    trigger: SECTION.open,
  }),
};

function read(reading: CallReading): Reading {
  return readMarked(reading, { section: SECTION, call: CALL }, readOne);
}

function* readOne(reading: CallReading): Reading<string | null> {
  const { input, out, tools } = reading;
  input.hold();
  const name = yield* nameOf(reading);
  if (name === null || !tools.has(name) || (yield* input.peek()) !== '{') {
    input.back();
    return '';
  }
  input.release();
  out.call(name);
  const isWhole = yield* readJson(input, out.arguments);
  if (isWhole) {
    yield* input.space();
    yield* input.take(FENCE);
  }
  yield* input.until([CALL.close], isWhole ? out.text : out.arguments);
  return null;
}

function* nameOf({ input }: CallReading): Reading<string | null> {
  const first = yield* input.word([SEPARATOR], MAX_NAME_CHARS);
  if (first === null || (yield* input.peek()) === '{') return first?.trim() ?? null;
  const name = yield* input.word([FENCE], MAX_NAME_CHARS);
  yield* input.take('json');
  yield* input.space();
  return name?.trim() ?? null;
}
