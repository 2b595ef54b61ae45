import type { ToolFormat } from './format.js';
import { readMarked } from './marked.js';
import { readUntyped, type ArgumentTags, type CallTags } from './untyped-calls.js';

const SECTION = { open: '<tool_call>', close: '</tool_call>' };
const CALL = { open: '<function=', close: '</function>' };
const ARGUMENT: ArgumentTags = {
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
  frame: null,
};
