import type { Reading } from '../scan/input.js';
import type { CallReading, ToolFormat } from './format.js';
import { readVerbatim } from './json-calls.js';
import { readMarked } from './marked.js';
import type { ToolFunction } from './pieces.js';
import { propertiesOf } from './schema.js';

const SECTION = { open: '<|tool_calls_section_begin|>', close: '<|tool_calls_section_end|>' };
const CALL = { open: '<|tool_call_begin|>', close: '<|tool_call_end|>' };
const ARGUMENTS = '<|tool_call_argument_begin|>';
const MAX_ID_CHARS = 256;
const NAMED = /^(?:functions\.)?([\w.-]+):\d+$/;
const COUNTED = /^\d*$/;

/**
 * Kimi K2, between the marks of a call: `functions.f:0`, a mark and the arguments, which the client gets as they are
 * written. A model that leaves the name out means the function that the arguments fit.
 */
export const kimiK2: ToolFormat = {
  read: (reading) => readMarked(reading, { section: SECTION, call: CALL }, readOne),
  frame: (name) => ({
    begin: `${SECTION.open}${CALL.open}functions.${name}:0${ARGUMENTS}`,
    end: `${CALL.close}${SECTION.close}`,
    trigger: SECTION.open,
  }),
};

function* readOne(reading: CallReading): Reading<string | null> {
  const { input, out, tools } = reading;
  input.hold();
  const id = (yield* input.word([ARGUMENTS], MAX_ID_CHARS))?.trim();
  yield* input.space();
  if (id === undefined || (yield* input.peek()) !== '{') {
    input.back();
    return '';
  }
  if (COUNTED.test(id)) return yield* readUnnamed(reading);
  const name = NAMED.exec(id)?.[1] ?? '';
  if (!tools.has(name)) {
    input.back();
    return '';
  }
  input.release();
  out.call(name);
  const isWhole = yield* readVerbatim(input, out.arguments);
  yield* input.until([CALL.close], isWhole ? out.text : out.arguments);
  return null;
}

function* readUnnamed({ input, out, tools }: CallReading): Reading<string | null> {
  let text = '';
  const isWhole = yield* readVerbatim(input, (part) => {
    text += part;
  });
  const name = isWhole ? bestFit([...tools.values()], text) : null;
  if (name === null) {
    input.back();
    return '';
  }
  input.release();
  out.call(name);
  out.arguments(text);
  yield* input.until([CALL.close], out.text);
  return null;
}

/** The function whose parameters have most in common with the arguments. */
function bestFit(tools: readonly ToolFunction[], text: string): string | null {
  if (tools.length === 1) return tools[0]?.name ?? null;
  const given = Object.keys(parsed(text));
  let best: { readonly name: string; readonly score: number } | null = null;
  for (const { name, parameters } of tools) {
    const known = propertiesOf(parameters);
    if (known.size === 0) continue;
    const numKnown = given.filter((key) => known.has(key)).length;
    const score = 2 * numKnown - given.length;
    if (score > (best?.score ?? -1)) best = { name, score };
  }
  return best?.name ?? null;
}

function parsed(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    return {};
  }
}
