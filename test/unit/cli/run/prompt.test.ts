import { PassThrough, Readable } from 'node:stream';

import t from 'tap';

import { readPrompt } from '../../../../src/cli/run/prompt.js';
import { Written } from '../../../doubles/written.js';

async function prompt(words: readonly string[], piped: string | null): Promise<string> {
  const input =
    piped === null
      ? Object.assign(new PassThrough(), { isTTY: true })
      : Readable.from([...Buffer.from(piped)].map((byte) => Buffer.of(byte)));
  return readPrompt(words, { input, err: new Written() });
}

t.test('words, a pipe, or both', async (t) => {
  t.equal(await prompt(['What', 'is', 'it?'], null), 'What is it?');
  t.equal(await prompt(['Sum up:'], 'Grüße\nline two\n'), 'Sum up:\n\nGrüße\nline two');
  t.equal(await prompt([], 'from a pipe\n'), 'from a pipe');
  t.equal(await prompt(['-'], 'from a pipe\n\n'), 'from a pipe\n');
  t.equal(await prompt(['Hi'], ''), 'Hi');
  t.equal(await prompt(['-', 'x'], null), '- x');
});

t.test('- asks a terminal too', async (t) => {
  const input = Object.assign(Readable.from(['typed\n']), { isTTY: true });
  t.equal(await readPrompt(['-'], { input, err: new Written() }), 'typed');
});

t.test('nothing to ask is a sentence', async (t) => {
  const message = /^There is nothing to ask/;
  await t.rejects(prompt([], null), { message });
  await t.rejects(prompt([], ' \n'), { message });
});
