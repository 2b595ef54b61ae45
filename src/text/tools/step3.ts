import type { Reading } from '../scan/input.js';
import type { CallReading, ToolFormat } from './format.js';
import { readMarked } from './marked.js';
import { readUntyped, type UntypedArguments, type CallTags } from './untyped-calls.js';

const SECTION = { open: '<｜tool_calls_begin｜>', close: '<｜tool_calls_end｜>' };
const CALL = { open: '<｜tool_call_begin｜>', close: '<｜tool_call_end｜>' };
/** What stands before a name. */
const HEAD = ['function<｜tool_sep｜>', '<steptml:invoke name="'];
const INVOKE_END = '</steptml:invoke>';
const ARGUMENT: UntypedArguments = {
  open: '<steptml:parameter name="',
  nameEnd: '">',
  valueOpen: '',
  valueEnd: '</steptml:parameter>',
  otherEnds: [INVOKE_END, CALL.close],
  trims: 'all',
  unknown: 'text',
  hasNull: false,
};
const TAGS: CallTags = { nameEnd: '">', argument: ARGUMENT, end: INVOKE_END };

/** Step 3, between the marks of a call: `function`, a mark and `<steptml:invoke name="f">` with its parameters. */
export const step3: ToolFormat = {
  read: (reading) => readMarked(reading, { section: SECTION, call: CALL }, readOne),
  frame: (name) => ({
    begin: `${SECTION.open}\n${CALL.open}${HEAD.join('')}${name}">`,
    end: `${INVOKE_END}${CALL.close}\n${SECTION.close}`,
    trigger: SECTION.open,
    tags: ARGUMENT,
  }),
};

function* readOne(reading: CallReading): Reading<string | null> {
  const { input } = reading;
  let raw = yield* input.space();
  for (const part of HEAD) {
    if (!(yield* input.take(part))) return raw;
    raw += part + (yield* input.space());
  }
  const refused = yield* readUntyped(reading, TAGS);
  return refused === null ? null : raw + refused;
}
