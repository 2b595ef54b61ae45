import type { Reading } from '../scan/input.js';
import type { CallReading, ToolFormat } from './format.js';
import { readCalls, readJson, type CallEnd } from './json-calls.js';

const TAG = '[TOOL_CALLS]';
const ID = '[CALL_ID]';
const ARGUMENTS = '[ARGS]';
const MAX_NAME_CHARS = 256;

/**
 * Mistral: `[TOOL_CALLS] [{"name": "f", "arguments": {…}}, …]`, and of later models
 * `[TOOL_CALLS]f[ARGS]{…}` or `[TOOL_CALLS]f{…}`, once per call.
 */
export const mistral: ToolFormat = {
  *read(reading) {
    const { input, out } = reading;
    let hasTag = (yield* input.until([TAG], out.text)) !== null;
    while (hasTag) {
      const space = yield* input.space();
      const isList = /[[{]/.test(yield* input.peek());
      const end = yield* isList ? readCalls(reading) : readNamed(reading);
      if (end === 'none') out.text(TAG + space);
      const rest = end === 'raw' ? out.arguments : out.text;
      hasTag = (yield* input.until([TAG], rest)) !== null;
    }
  },
  frame: (name) => ({
    begin: `${TAG} [{"name":${JSON.stringify(name)}, "arguments":`,
    end: '}]',
    trigger: TAG,
  }),
};

/** `f[CALL_ID]…[ARGS]{…}`, where all but name and arguments may be missing. */
function* readNamed(reading: CallReading): Reading<CallEnd> {
  const { input, out, tools } = reading;
  input.hold();
  const name = yield* nameOf(reading);
  if (name === null || !tools.has(name) || (yield* input.peek()) !== '{') {
    input.back();
    return 'none';
  }
  input.release();
  out.call(name);
  return (yield* readJson(input, out.arguments)) ? 'whole' : 'raw';
}

function* nameOf({ input }: CallReading): Reading<string | null> {
  let name = '';
  while (/[^[{]/.test(yield* input.peek()) && name.length < MAX_NAME_CHARS) {
    name += yield* input.peek();
    input.skip(1);
  }
  if (yield* input.take(ID)) {
    yield* input.space();
    while (/[\w-]/.test(yield* input.peek())) input.skip(1);
  }
  yield* input.take(ARGUMENTS);
  yield* input.space();
  return name.trim();
}
