import type { ToolFormat } from './format.js';
import { readCalls } from './json-calls.js';

/**
 * What a model is forced into that must call but whose own format cannot be forced:
 * `[{"name": "f", "parameters": {…}}]`.
 */
export const jsonArray: ToolFormat = {
  *read(reading) {
    const { input, out } = reading;
    const space = yield* input.space();
    const end = yield* readCalls(reading);
    if (end === 'none') out.text(space);
    yield* input.until([], end === 'raw' ? out.arguments : out.text);
  },
  frame: null,
};
