import type { Reading } from '../scan/input.js';
import type { CallReading, ToolFormat } from './format.js';
import { readMarked } from './marked.js';
import { readArguments, type UntypedArguments } from './untyped-calls.js';

const CALL = { open: '<tool_call>', close: '</tool_call>' };
/** Where a name ends: the line, also as two characters, or the first argument, or the call. */
const NAME_ENDS = ['\n', '\\n', '<arg_key>', CALL.close];
const ARGUMENT: UntypedArguments = {
  open: '<arg_key>',
  nameEnd: '</arg_key>',
  valueOpen: '<arg_value>',
  valueEnd: '</arg_value>',
  otherEnds: [CALL.close],
  trims: 'none',
  unknown: 'json',
  hasNull: false,
};
const MAX_NAME_CHARS = 256;

/** GLM 4.5 to 4.7: `<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>1</arg_value>\n</tool_call>`. */
export const glm45: ToolFormat = {
  read: (reading) => readMarked(reading, { section: null, call: CALL }, readOne),
  frame: (name) => ({
    begin: `${CALL.open}${name}`,
    end: CALL.close,
    trigger: CALL.open,
    tags: ARGUMENT,
  }),
};

function* readOne(reading: CallReading): Reading<string | null> {
  const { input, out, tools } = reading;
  input.hold();
  const name = yield* input.word(NAME_ENDS, MAX_NAME_CHARS);
  const tool = name === null ? undefined : tools.get(name.trim());
  if (tool === undefined) {
    input.back();
    return '';
  }
  // What ended the name may be the first argument.
  const ended = NAME_ENDS.find((mark) => input.held.endsWith(mark)) ?? '';
  input.putBack(ended);
  input.release();
  out.call(tool.name);
  yield* readArguments(reading, tool, ARGUMENT, CALL.close);
  return null;
}
