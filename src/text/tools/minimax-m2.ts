import type { ToolFormat } from './format.js';
import { readMarked } from './marked.js';
import { readUntyped, type UntypedArguments, type CallTags } from './untyped-calls.js';

const SECTION = { open: '<minimax:tool_call>', close: '</minimax:tool_call>' };
const CALL = { open: '<invoke name="', close: '</invoke>' };
const ARGUMENT: UntypedArguments = {
  open: '<parameter name="',
  nameEnd: '">',
  valueOpen: '',
  valueEnd: '</parameter>',
  otherEnds: [CALL.close, SECTION.close],
  trims: 'line',
  unknown: 'text',
  hasNull: true,
};
const TAGS: CallTags = { nameEnd: '">', argument: ARGUMENT, end: CALL.close };

/** MiniMax M2: `<minimax:tool_call>\n<invoke name="f">\n<parameter name="a">1</parameter>\n</invoke>\n…`. */
export const minimaxM2: ToolFormat = {
  read: (reading) =>
    readMarked(reading, { section: SECTION, call: CALL }, (one) => readUntyped(one, TAGS)),
  frame: (name) => ({
    begin: `${SECTION.open}\n${CALL.open}${name}">\n`,
    end: `${CALL.close}\n${SECTION.close}`,
    trigger: SECTION.open,
    tags: ARGUMENT,
  }),
};
