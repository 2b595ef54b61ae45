import type { Place } from './ast.js';
import { category } from './char-test.js';

/** What stands around a place; -1 = nothing. */
export interface Around {
  readonly before: number;
  readonly after: number;
  /** `after` is the last character of the text so far. */
  readonly isLast: boolean;
}

const NEWLINE = 10;
const WORD = category('w', false);
const ASCII_WORD = category('w', true);

/** True where `place` holds. */
export function holds(place: Place, isAscii: boolean, { before, after, isLast }: Around): boolean {
  switch (place) {
    case 'text-start':
      return before < 0;
    case 'line-start':
      return before < 0 || before === NEWLINE;
    case 'text-end':
      return after < 0;
    case 'last-line-end':
      return after < 0 || (after === NEWLINE && isLast);
    case 'line-end':
      return after < 0 || after === NEWLINE;
    default: {
      const isWord = isAscii ? ASCII_WORD : WORD;
      const isEdge = (before >= 0 && isWord(before)) !== (after >= 0 && isWord(after));
      // An empty text has no word edge, and in Python before 3.14 no place without one either.
      const isEmpty = before < 0 && after < 0;
      return place === 'word-edge' ? isEdge : !isEdge && !isEmpty;
    }
  }
}
