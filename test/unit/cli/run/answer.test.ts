import t from 'tap';

import type { ChatDelta } from '../../../../src/cli/client/backend.js';
import { writeAnswer } from '../../../../src/cli/run/answer.js';
import { ENDED } from '../../../doubles/scripted-backend.js';
import { Written } from '../../../doubles/written.js';

async function* stream(deltas: readonly ChatDelta[]): AsyncGenerator<ChatDelta> {
  for (const one of deltas) yield await Promise.resolve(one);
}

const text = (said: string): ChatDelta => ({ kind: 'text', text: said });
const reasoning: ChatDelta = { kind: 'reasoning', text: 'Hm.' };

async function write(deltas: readonly ChatDelta[], { isTTY = false, withStats = false } = {}) {
  const out = new Written({ isTTY });
  const err = new Written({ isTTY });
  await writeAnswer(stream(deltas), { out, err, useColor: true, withStats });
  return { out: out.text, err: err.text };
}

t.test('nothing but the answer is on standard output', async (t) => {
  const deltas = [reasoning, text('\x1b[1mYes'), text('.'), ENDED];
  t.strictSame(await write(deltas), { out: '\x1b[1mYes.\n', err: '' });
  t.strictSame(await write(deltas, { isTTY: true }), {
    out: '^[[1mYes.\n',
    err: '\x1b[2mHm.\x1b[22m\n\n',
  });
  t.strictSame(await write([text('ends itself\n'), ENDED]), { out: 'ends itself\n', err: '' });
  t.strictSame(await write([ENDED]), { out: '', err: '' });
});

t.test('counts and what was cut off are on standard error', async (t) => {
  const cut: ChatDelta = { kind: 'end', finishReason: 'length', usage: null };
  t.match(await write([text('Ye'), cut], { withStats: true }), {
    out: 'Ye\n',
    err: /^The answer was cut off: .*\nabout 1 token, .*\n$/,
  });
});

t.test('a reader that left ends it', async (t) => {
  const out = new Written();
  out.on('error', () => undefined);
  let numAsked = 0;
  const endless = (async function* (): AsyncGenerator<ChatDelta> {
    for (;;) {
      numAsked += 1;
      if (numAsked === 3) out.destroy();
      yield await Promise.resolve(text('on '));
    }
  })();
  await writeAnswer(endless, { out, err: new Written(), useColor: false, withStats: false });
  t.equal(numAsked, 3);
});
