import { seededRandom } from '../../../src/core/clock.js';
import { Dice } from '../../sim/dice.js';

/** All single cuts, one UTF-16 unit at a time, and seeded random cuttings of a text. */
export function* cuttings(text: string, numRandom = 20): Generator<readonly string[]> {
  yield [text];
  yield text.split('');
  for (let at = 1; at < text.length; at++) yield [text.slice(0, at), text.slice(at)];
  const dice = new Dice(seededRandom(text.length));
  for (let i = 0; i < numRandom; i++) yield randomParts(text, dice);
}

function randomParts(text: string, dice: Dice): string[] {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const length = 1 + dice.below(1 + dice.below(12));
    parts.push(text.slice(at, at + length));
    at += length;
  }
  return parts;
}
