import type { ToolFormat } from './format.js';
import { readMarked } from './marked.js';
import { readUntyped, type UntypedArguments, type CallTags } from './untyped-calls.js';

const SECTION = { open: '<tool_call>', close: '</tool_call>' };
const CALL = { open: '<function=', close: '</function>' };
const ARGUMENT: UntypedArguments = {
  open: '<parameter=',
  nameEnd: '>',
  valueOpen: '',
  valueEnd: '</parameter>',
  otherEnds: ['<parameter=', CALL.close, SECTION.close],
  trims: 'line',
  unknown: 'text',
  hasNull: true,
};
const TAGS: CallTags = { nameEnd: '>', argument: ARGUMENT, end: CALL.close };

/** Qwen 3 Coder: `<tool_call>\n<function=f>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>`. */
export const qwen3Coder: ToolFormat = {
  read: (reading) =>
    readMarked(reading, { section: SECTION, call: CALL }, (one) => readUntyped(one, TAGS)),
  frame: (name) => ({
    begin: `${SECTION.open}\n${CALL.open}${name}>\n`,
    end: `${CALL.close}\n${SECTION.close}`,
    trigger: `${SECTION.open}\n${CALL.open}`,
    tags: ARGUMENT,
  }),
};
