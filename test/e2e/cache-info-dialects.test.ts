/** Why a prompt was not cached, asked in every dialect that is not SGLang's own. */
import t, { type Test } from 'tap';

import { postJson } from './client.js';
import { startRadish } from './radish-process.js';

t.setTimeout(120_000);

const JSON_TYPE = { 'content-type': 'application/json' };
const BY_HEADER = { headers: { ...JSON_TYPE, 'x-radish-cache-info': '1' } };
const BY_FIELD = { return_cache_info: true };

interface Dialect {
  readonly path: string;
  /** A body that asks this. */
  readonly bodyOf: (text: string) => object;
  /** The object that a stream ends with, as the dialect's own clients put it together. */
  readonly lastOf: (stream: string) => unknown;
  /** The stream of a request that does not say that it wants one. */
  readonly streams: boolean;
}

function eventsOf(stream: string): readonly Readonly<Record<string, unknown>>[] {
  return stream
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice('data: '.length)) as Record<string, unknown>);
}

function lastLineOf(stream: string): unknown {
  return JSON.parse(stream.trimEnd().split('\n').at(-1) ?? '');
}

const greedy = { model: 'radish-tiny', temperature: 0 };
const asked = (content: string) => [{ role: 'user', content }];

const DIALECTS: Readonly<Record<string, Dialect>> = {
  anthropic: {
    path: '/v1/messages',
    bodyOf: (text) => ({ ...greedy, max_tokens: 4, messages: asked(text) }),
    lastOf: (stream) => eventsOf(stream).find(({ type }) => type === 'message_start')?.['message'],
    streams: false,
  },
  responses: {
    path: '/v1/responses',
    bodyOf: (text) => ({ ...greedy, max_output_tokens: 4, input: text }),
    lastOf: (stream) => eventsOf(stream).at(-1)?.['response'],
    streams: false,
  },
  'ollama chat': {
    path: '/api/chat',
    bodyOf: (text) => ({ ...greedy, options: { num_predict: 4 }, messages: asked(text) }),
    lastOf: lastLineOf,
    streams: true,
  },
  'ollama generate': {
    path: '/api/generate',
    bodyOf: (text) => ({ ...greedy, options: { num_predict: 4 }, prompt: text }),
    lastOf: lastLineOf,
    streams: true,
  },
};

t.test('the other dialects', async (t) => {
  const radish = await startRadish(['--page-size', '4']);
  t.teardown(() => radish.stop());
  for (const [name, dialect] of Object.entries(DIALECTS)) {
    await t.test(name, (t) => askIn(t, radish.url, dialect));
  }

  t.test(
    'a response that is kept shows it, but not as it began; a summary shows its own',
    async (t) => {
      const url = `${radish.url}/v1/responses`;
      const body = { ...greedy, max_output_tokens: 4, input: 'What is kept?', ...BY_FIELD };
      const made = (await (await postJson(url, body)).json()) as { id: string; cache_info: object };
      t.match(made.cache_info, { cause: 'never_seen' });
      t.strictSame(await (await fetch(`${url}/${made.id}`)).json(), made);
      const replay = eventsOf(await (await fetch(`${url}/${made.id}?stream=true`)).text());
      t.notOk(Object.hasOwn(replay[0]?.['response'] as object, 'cache_info'));
      t.strictSame(replay.at(-1)?.['response'], made);
      const { id: previous_response_id } = made;
      const model = 'radish-tiny';
      const more = { model, previous_response_id, max_output_tokens: 4, ...BY_FIELD };
      const compacted = await postJson(`${url}/compact`, more);
      t.match(await compacted.json(), { cache_info: { cause: /\w/, prompt_tokens: Number } });
    },
  );
});

/** `Who is X0?`, then two that differ from it, the answers being too short to reach. */
async function askIn(t: Test, url: string, dialect: Dialect): Promise<void> {
  const { path, bodyOf, lastOf, streams } = dialect;
  const text = `This is for ${path}. Who wrote chapter `;
  const send = (n: number, more: object, init: RequestInit = {}): Promise<Response> =>
    postJson(url + path, { ...bodyOf(`${text}${n}?`), ...more }, init);

  const silent = await send(0, { stream: false });
  t.equal(silent.status, 200);
  t.notOk(Object.hasOwn((await silent.json()) as object, 'cache_info'), 'nobody asked');

  const missed = (n: number) => ({
    cause: 'never_seen',
    first_miss: { text: new RegExp(String(n)), expected_text: /\d/ },
    message: /^The prompt differs from a cached one at token \d+/,
  });
  const whole = await send(1, { stream: false, ...BY_FIELD });
  t.match(await whole.json(), { cache_info: missed(1) });
  const stream = await send(2, streams ? {} : { stream: true }, BY_HEADER);
  t.match(lastOf(await stream.text()), { cache_info: missed(2) });
}
