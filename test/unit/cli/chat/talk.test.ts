import { PassThrough } from 'node:stream';

import t from 'tap';

import { ConversationFile } from '../../../../src/cli/chat/conversation-file.js';
import { Conversation } from '../../../../src/cli/chat/conversation.js';
import { PipedInput } from '../../../../src/cli/chat/input.js';
import { Screen } from '../../../../src/cli/chat/screen.js';
import { Settings } from '../../../../src/cli/chat/settings.js';
import { talk } from '../../../../src/cli/chat/talk.js';
import { TerminalInput } from '../../../../src/cli/chat/terminal-input.js';
import { ClientError } from '../../../../src/cli/client/client-error.js';
import type { OnInterrupt } from '../../../../src/cli/client/interrupts.js';
import { ENDED, parrot, ScriptedBackend, type Script } from '../../../doubles/scripted-backend.js';
import { Written } from '../../../doubles/written.js';

const NEVER: OnInterrupt = () => () => undefined;

async function piped(text: string, script: Script = parrot, onInterrupt = NEVER) {
  const out = new Written();
  const err = new Written();
  const backend = new ScriptedBackend(script);
  const input = new PassThrough();
  input.end(text);
  const code = await talk({
    backend,
    input: new PipedInput(input),
    screen: new Screen({ out, err, isInteractive: false, useColor: true }),
    conversation: new Conversation(),
    settings: new Settings({}, { stats: true, reasoning: true }),
    file: new ConversationFile(),
    onInterrupt,
  });
  return { code, out: out.text, err: err.text, asked: backend.asked };
}

t.test('a pipe: each line is a message, and the answers alone are written', async (t) => {
  const { code, out, err, asked } = await piped('Hi\n\n/set temperature 0\nHo');
  t.strictSame({ code, out, err }, { code: 0, out: 'You said Hi\nYou said Ho\n', err: '' });
  t.equal(asked.length, 2);
  t.match(asked[1], {
    fields: { temperature: 0 },
    messages: [{ content: 'Hi' }, {}, { content: 'Ho' }],
  });
  t.match(await piped('one\\\ntwo\n"""a\nb"""\n"""open\nend'), {
    out: 'You said one\ntwo\nYou said a\nb\nYou said open\nend\n',
  });
  t.strictSame(await piped(''), { code: 0, out: '', err: '', asked: [] });
});

t.test('a pipe: what fails is on standard error, and in the exit code', async (t) => {
  async function* failing(question: string): ReturnType<Script> {
    if (question === 'bad') throw new ClientError('The server said 400. Bad.');
    yield* parrot(question);
  }
  t.match(await piped('bad\ngood\n', failing), {
    code: 1,
    out: 'You said good\n',
    err: 'The server said 400. Bad.\n',
  });
  t.match(await piped('/nope\n'), { code: 1, err: /^There is no command/ });
  t.match(await piped('/bye\nmore\n'), { code: 0, out: '' });
});

t.test('a pipe: thoughts are not written, control characters are as they are', async (t) => {
  async function* thinking(): ReturnType<Script> {
    yield { kind: 'reasoning', text: 'Hm.' };
    yield await Promise.resolve({ kind: 'text', text: '\n\nYes\x1b[1m' } as const);
    yield ENDED;
  }
  t.equal((await piped('Hi\n', thinking)).out, '\n\nYes\x1b[1m\n');
});

t.test('a pipe: Ctrl-C ends all of it', async (t) => {
  async function* endless(_: string, __: unknown, signal: AbortSignal): ReturnType<Script> {
    yield { kind: 'text', text: 'On' };
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
    });
    signal.throwIfAborted();
  }
  const soon = (listener: () => void) => {
    setTimeout(listener, 10);
    return () => undefined;
  };
  t.match(await piped('one\ntwo\n', endless, soon), { code: 130, out: 'On\n' });
});

/** Somebody at a terminal. */
function sitDown(script: Script, history: readonly string[] = []) {
  const out = new Written({ isTTY: true });
  const err = new Written({ isTTY: true });
  const keys = new PassThrough();
  const backend = new ScriptedBackend(script);
  const conversation = new Conversation();
  const lines: string[] = [];
  let interrupt = (): void => undefined;
  const input = new TerminalInput({
    input: keys,
    out,
    history,
    historySize: 10,
    onLine: (line) => lines.push(line),
  });
  const code = talk({
    backend,
    input,
    screen: new Screen({ out, err, isInteractive: true, useColor: false }),
    conversation,
    settings: new Settings({}, { stats: true, reasoning: true }),
    file: new ConversationFile(),
    onInterrupt: (listener) => {
      interrupt = listener;
      return () => undefined;
    },
  }).finally(() => {
    input.close();
  });
  return {
    out,
    err,
    code,
    conversation,
    backend,
    lines,
    type: (text: string) => keys.write(text),
    interrupt: () => {
      interrupt();
    },
  };
}

t.test('a terminal: prompt, answer, counts', async (t) => {
  const { out, type, code, lines } = sitDown(parrot);
  await out.has('>>> ');
  type('Hi\r');
  await out.has('[2 tokens');
  t.match(out.text, /You said Hi\n\[2 tokens, .*4 of 9 prompt tokens cached\]\n/);
  type('/set stats off\r');
  await out.has('stats is off.');
  type('日本 😀\r');
  await out.has('You said 日本 😀\n');
  type('\x04');
  t.equal(await code, 0);
  t.strictSame(lines, ['Hi', '/set stats off', '日本 😀']);
  t.equal(out.text.match(/tokens/g)?.length, 2, 'no counts behind the second');
});

t.test('a terminal: pasted lines are one message', async (t) => {
  const { out, type, code, backend } = sitDown(parrot);
  await out.has('>>> ');
  type('\x1b[200~/one\rtwo\\\r"""\x1b[201~');
  type(' three\r');
  await out.has('[2 tokens');
  t.equal(backend.asked[0]?.messages[0]?.content, '/one\ntwo\\\n""" three');
  type('\x04');
  await code;
});

t.test('a terminal: what was typed before comes back', async (t) => {
  const { out, type, code, backend } = sitDown(parrot, ['newest', 'older']);
  await out.has('>>> ');
  type('\x1b[A\x1b[A\r');
  await out.has('[2 tokens');
  t.equal(backend.asked[0]?.messages[0]?.content, 'older');
  type('\x04');
  await code;
});

t.test('a terminal: Ctrl-C stops an answer, and what came of it stays', async (t) => {
  async function* endless(_: string, __: unknown, signal: AbortSignal): ReturnType<Script> {
    yield { kind: 'text', text: 'On and on' };
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
    });
    signal.throwIfAborted();
  }
  const { out, type, code, conversation, interrupt } = sitDown(endless);
  await out.has('>>> ');
  type('Go\r');
  await out.has('On and on');
  interrupt();
  await out.has('Stopped.');
  t.match(conversation.messages, [{ content: 'Go' }, { content: 'On and on', interrupted: true }]);
  type('/bye\r');
  t.equal(await code, 0);
});

t.test(
  'a terminal: Ctrl-C at the prompt drops what was begun, then warns, then leaves',
  async (t) => {
    const { out, type, code, backend } = sitDown(parrot);
    await out.has('>>> ');
    type('half a line\x03');
    type('"""\rmore\r\x03');
    type('Hi\r');
    await out.has('You said Hi\n');
    type('\x03');
    await out.has('Ctrl-C again leaves');
    type('Ho\r');
    await out.has('You said Ho\n');
    type('\x03');
    await new Promise((resolve) => setTimeout(resolve, 20));
    type('\x03');
    t.equal(await code, 130);
    t.equal(backend.asked.length, 2);
  },
);

t.test('a terminal: a server that goes away in the middle takes nothing along', async (t) => {
  async function* breaking(question: string): ReturnType<Script> {
    if (question === 'ok') yield* parrot(question);
    else {
      yield { kind: 'text', text: 'Half' };
      throw new ClientError('The server at x was gone in the middle of the answer.');
    }
  }
  const { out, err, type, code, conversation } = sitDown(breaking);
  await out.has('>>> ');
  type('ok\r');
  await out.has('[2 tokens');
  type('break\r');
  await err.has('gone in the middle');
  await out.has('/retry asks again. What came of the answer is kept.');
  t.match(conversation.messages, [
    {},
    {},
    { content: 'break' },
    { content: 'Half', interrupted: true },
  ]);
  type('\x04');
  t.equal(await code, 0);
});

t.test('a terminal: thoughts stand apart and are not sent back', async (t) => {
  async function* thinking(): ReturnType<Script> {
    yield { kind: 'reasoning', text: 'Hm, ' };
    yield { kind: 'reasoning', text: 'well.' };
    yield await Promise.resolve({ kind: 'text', text: '\n\nYes\x1b]0;x\x07' } as const);
    yield ENDED;
  }
  const { out, type, code, backend } = sitDown(thinking);
  await out.has('>>> ');
  type('One\r');
  await out.has('Thinking: Hm, well.\n\nYes^[]0;x^G\n');
  type('/set reasoning off\r');
  await out.has('reasoning is off.');
  type('Two\r');
  while (backend.asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  t.equal(backend.asked[1]?.messages[1]?.content, '\n\nYes\x1b]0;x\x07');
  type('\x04');
  await code;
});
