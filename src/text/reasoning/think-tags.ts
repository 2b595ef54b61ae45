import type { Reading } from '../scan/input.js';
import type { ReasoningFormat, ThoughtReading } from './format.js';

type Tags = Pick<ReasoningFormat, 'start' | 'end' | 'toolStart'>;

/** A format whose thought stands between two tags. */
export function thinkTags(tags: Tags, beginsThinking: boolean): ReasoningFormat {
  return {
    ...tags,
    beginsThinking,
    needsSpecialTokens: false,
    read: (reading) => readThought(reading, tags),
  };
}

/**
 * The first thought of an answer: from the start of it where the answer begins thinking, else from the first opening
 * tag on, up to the closing tag, a call or the end. All else is the answer's text, later tags as well.
 */
function* readThought(reading: ThoughtReading, { start, end, toolStart }: Tags): Reading {
  const { input, reasoning, text, isThinking } = reading;
  if (!isThinking && (yield* input.until([start], text)) === null) return;
  // Some models repeat the tag that their prompt ends with.
  while (yield* input.take(start));
  const marker = yield* input.until(toolStart === null ? [end] : [end, toolStart], reasoning);
  if (marker === null) return;
  if (marker !== end) text(marker);
  yield* input.until([], text);
}
