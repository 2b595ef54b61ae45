import type { ToolFormat, CallReading } from './format.js';
import type { Reading } from '../scan/input.js';
import { readCalls } from './json-calls.js';

const TAG = '<|python_tag|>';
const SEPARATOR = ';';

/**
 * Llama 3.1 and later: `<|python_tag|>{"name": "f", "parameters": {…}}`, several with `;` between. An answer may also
 * be the bare object from its first character on.
 */
export const llama3: ToolFormat = {
  *read(reading) {
    const { input, out } = reading;
    const space = yield* input.space();
    if (!(yield* readSeparated(reading))) out.text(space);
    while ((yield* input.until([TAG], out.text)) !== null) {
      const before = yield* input.space();
      if (!(yield* readSeparated(reading))) out.text(TAG + before);
    }
  },
  frame: (name) => ({
    begin: `${TAG}{"name":${JSON.stringify(name)}, "arguments":`,
    end: '}',
    trigger: TAG,
  }),
};

/** False = there is no call, and nothing is taken. */
function* readSeparated(reading: CallReading): Reading<boolean> {
  const { input, out } = reading;
  let hasCalls = false;
  let between = '';
  for (;;) {
    if ((yield* input.peek()) !== '{') break;
    const end = yield* readCalls(reading);
    if (end === 'none') break;
    hasCalls = true;
    between = '';
    if (end === 'raw') {
      yield* input.until([TAG], out.arguments);
      break;
    }
    between = yield* input.space();
    if (!(yield* input.take(SEPARATOR))) break;
    between += SEPARATOR + (yield* input.space());
  }
  if (between !== '') out.text(between);
  return hasCalls;
}
