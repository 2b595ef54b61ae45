import type { Reading } from '../scan/input.js';
import type { CallReading } from './format.js';
import { readCalls } from './json-calls.js';
import { readMarked, type Tags } from './marked.js';

/** Text with calls as JSON between tags: one, a list, or several in a row. */
export function readTagged(reading: CallReading, tags: Tags): Reading {
  return readMarked(reading, { section: null, call: tags }, (one) => readOne(one, tags));
}

function* readOne(reading: CallReading, { close }: Tags): Reading<string | null> {
  const { input, out } = reading;
  let space = yield* input.space();
  for (let isFirst = true; ; isFirst = false) {
    const end = yield* readCalls(reading);
    if (end === 'raw') yield* input.until([close], out.arguments);
    if (end === 'none' && isFirst) return space;
    if (end !== 'whole') return null;
    space = yield* input.space();
    if ((yield* input.peek()) !== '{') return null;
  }
}
