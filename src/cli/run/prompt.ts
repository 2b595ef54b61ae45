import { UsageError } from '../../config/flag-spec.js';
import type { Surroundings } from '../command.js';

/** Of a pipe; more than any context takes. */
const MAX_BYTES = 64 * 1024 * 1024;
/** After that somebody is told what is waited for. */
const HINT_MS = 3000;

/**
 * The prompt: the words, or what is piped in where they are `-` or none; both, with an empty line between, where there
 * are both. @throws UsageError when there is nothing to ask
 */
export async function readPrompt(
  words: readonly string[],
  { input, err }: Pick<Surroundings, 'input' | 'err'>,
): Promise<string> {
  const isAsked = words.length === 1 && words[0] === '-';
  const typed = isAsked ? '' : words.join(' ');
  const piped = input.isTTY === true && !isAsked ? '' : await readAll(input, err);
  const prompt = [typed, piped].filter((text) => text.trim() !== '').join('\n\n');
  if (prompt === '') {
    throw new UsageError("There is nothing to ask: radish run 'Why is the sky blue?'.");
  }
  return prompt;
}

async function readAll(input: Surroundings['input'], err: Surroundings['err']): Promise<string> {
  const hint = setTimeout(() => err.write('Waiting for the end of standard input.\n'), HINT_MS);
  const pieces: Buffer[] = [];
  let numBytes = 0;
  try {
    for await (const piece of input) {
      pieces.push(Buffer.from(piece));
      numBytes += piece.length;
      if (numBytes > MAX_BYTES) throw new UsageError('Standard input has more than 64 MiB.');
    }
  } finally {
    clearTimeout(hint);
  }
  // A file's last line end is no part of what it says.
  return Buffer.concat(pieces)
    .toString()
    .replace(/\r?\n$/, '');
}
