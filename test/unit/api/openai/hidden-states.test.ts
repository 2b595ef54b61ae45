import t from 'tap';

import type { ReqInput } from '../../../../src/messages.js';
import type { TestApp } from '../test-app.js';
import { idsOf } from '../tiny-tokenizer.js';
import { framesOf, LENGTH, openAiApp } from './openai-app.js';

const CHAT = {
  path: '/v1/chat/completions',
  body: { messages: [{ role: 'user', content: 'hi' }] },
};
const COMPLETIONS = { path: '/v1/completions', body: { prompt: 'hi' } };

type Choice = Readonly<Record<string, unknown>>;
interface Answer {
  readonly choices: readonly Choice[];
}

/** Each answer is `text`, a step a token; every row that a token is drawn from is its place, twice. */
async function open(
  t: { teardown(fn: () => void): void },
  text: string,
): Promise<[TestApp, ReqInput[]]> {
  const app = await openAiApp(t, { enableReturnHiddenStates: true });
  const seen: ReqInput[] = [];
  app.scheduler.onAccepted = (req) => {
    seen.push(req);
    setImmediate(() => {
      const { num, inputIds, hiddenStates } = req;
      for (const [index, id] of idsOf(text).entries()) {
        const place = inputIds.length - 1 + index;
        const isWhole = hiddenStates === 'full' && index === 0;
        const position = isWhole ? 0 : place;
        const numRows = place - position + 1;
        const values = new Float32Array(2 * numRows).fill(index);
        const rows = hiddenStates === null ? [] : [{ num, position, numRows, values }];
        app.scheduler.step([[num, id]], [], rows);
      }
      app.scheduler.finish(num, LENGTH);
    });
  };
  return [app, seen];
}

for (const { path, body } of [CHAT, COMPLETIONS]) {
  t.test(`${path}: the row of the last token, and no more is computed`, async (t) => {
    const [app, seen] = await open(t, 'abc');
    for (const mode of [true, 'last']) {
      const { json } = await app.post(path, { ...body, n: 2, return_hidden_states: mode });
      const { choices } = json as Answer;
      t.same(
        choices.map((choice) => choice['hidden_states']),
        [
          [2, 2],
          [2, 2],
        ],
      );
    }
    t.same(
      seen.map(({ hiddenStates }) => hiddenStates),
      Array(4).fill('last'),
    );
    for (const mode of [false, null, undefined]) {
      const { json } = await app.post(path, { ...body, return_hidden_states: mode });
      t.notOk('hidden_states' in ((json as Answer).choices[0] ?? {}), 'no key');
    }
  });

  t.test(`${path}: of a single token true has none, and last has the prompt's`, async (t) => {
    const [app] = await open(t, 'a');
    const hidden = async (mode: unknown): Promise<unknown> => {
      const { json } = await app.post(path, { ...body, return_hidden_states: mode });
      return (json as Answer).choices[0]?.['hidden_states'];
    };
    t.same(await hidden(true), []);
    t.same(await hidden('last'), [0, 0]);
  });

  t.test(`${path}: meta_info has all rows`, async (t) => {
    const [app] = await open(t, 'abc');
    const wants = { return_meta_info: true, return_hidden_states: true };
    const { json } = await app.post(path, { ...body, ...wants });
    const [choice] = (json as Answer).choices;
    t.same(choice?.['hidden_states'], [2, 2]);
    const { hidden_states: hidden } = choice?.['meta_info'] as { hidden_states: unknown[][] };
    t.same(hidden.slice(1), [
      [1, 1],
      [2, 2],
    ]);
    t.same(hidden[0]?.at(-1), [0, 0]);
  });

  t.test(`${path}: a stream has a chunk for each sample behind the last`, async (t) => {
    const [app] = await open(t, 'abc');
    const wants = { n: 2, stream: true, stream_options: { include_usage: true } };
    const { text } = await app.post(path, { ...body, ...wants, return_hidden_states: true });
    const chunks = framesOf(text).map((frame) => frame as Answer & { usage: unknown });
    const tail = chunks.slice(-3);
    t.ok(chunks.slice(0, -3).every((chunk) => !JSON.stringify(chunk).includes('hidden')));
    t.same(tail[2]?.choices, [], 'usage comes last');
    const same = { logprobs: null, finish_reason: null, matched_stop: null };
    const part = { hidden_states: [2, 2] };
    const isChat = path === CHAT.path;
    for (const index of [0, 1]) {
      const choice = isChat
        ? { index, delta: { reasoning_content: null, ...part }, ...same }
        : { index, text: '', ...same, ...part };
      t.same(tail[index]?.choices, [choice]);
      t.equal(tail[index]?.usage, null);
    }
  });

  t.test(`${path}: a list is refused, and what the server was not started for`, async (t) => {
    const [app] = await open(t, 'abc');
    const listed = await app.post(path, { ...body, n: 2, return_hidden_states: ['last'] });
    t.equal(listed.status, 400);
    t.match(listed.text, /return_hidden_states must be a boolean or the string literal 'last'/);
    const off = await (await openAiApp(t)).post(path, { ...body, return_hidden_states: 'last' });
    t.equal(off.status, 400);
    t.match(off.text, /The server is not configured to return hidden states/);
  });
}
