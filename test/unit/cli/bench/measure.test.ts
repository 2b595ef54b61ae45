import type { ServerResponse } from 'node:http';

import t from 'tap';

import { DIALECTS, type DialectName } from '../../../../src/cli/bench/dialects.js';
import { measure, type MeasuredRequest } from '../../../../src/cli/bench/measure.js';
import { endpointOf } from '../../../../src/cli/client/endpoint.js';
import { HttpClient } from '../../../../src/cli/client/http-client.js';
import {
  delta,
  frame,
  json,
  scriptedServer,
  usage,
  type Answer,
} from '../../../doubles/openai-server.js';

/** A clock that the server moves: what it writes next arrives at that time. */
class SteppedClock {
  #nowMs = 0;
  #numReads = 0;

  readonly now = (): number => {
    this.#numReads += 1;
    return this.#nowMs;
  };

  /** Writes at a time, and waits until the client has looked at the clock. */
  async write(response: ServerResponse, atMs: number, text: string): Promise<void> {
    this.#nowMs = atMs;
    const before = this.#numReads;
    response.write(text);
    while (this.#numReads === before) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const ROW = { prompt: [1, 2, 3], promptLen: 3, outputLen: 9 };
const BODY = { model: 'm', ignoreEos: true, temperature: 0, extra: {} };

async function measured(
  name: DialectName,
  answer: (clock: SteppedClock) => Answer,
  keepsText = false,
): Promise<MeasuredRequest> {
  const clock = new SteppedClock();
  const dialect = DIALECTS[name];
  const server = await scriptedServer({ [`POST ${dialect.path}`]: answer(clock) });
  const client = new HttpClient(endpointOf(server.url, { radish: null, openAi: null }));
  const signal = new AbortController().signal;
  try {
    return await measure(client, ROW, { ...BODY, dialect, keepsText, signal, now: clock.now });
  } finally {
    client.close();
    await server.close();
  }
}

/** What is written at which time. */
function timed(...writes: readonly (readonly [number, string])[]): (clock: SteppedClock) => Answer {
  return (clock) => async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const [atMs, text] of writes) await clock.write(response, atMs, text);
    response.end();
  };
}

const DONE = 'data: [DONE]\n\n';

function native(text: string, numTokens: number, more: object = {}): string {
  const meta = { prompt_tokens: 11, completion_tokens: numTokens, cached_tokens: 4, ...more };
  return frame({ text, output_ids: [], meta_info: meta });
}

t.test('/generate: several tokens of an event share its gap', async (t) => {
  const result = await measured(
    'sglang',
    timed(
      [100, native('a', 1)],
      [130, native('ab', 2) + native('abc', 3)],
      [190, native('abcdef', 6)],
      [200, native('abcdef', 6)],
      [210, native('abcdefg', 7) + DONE],
    ),
    true,
  );
  t.match(result, { error: null, ttftMs: 100, latencyMs: 210, text: 'abcdefg' });
  t.match(result, { promptTokens: 11, outputTokens: 7, cachedTokens: 4 });
  t.strictSame(result.itlsMs, [30, 0, 20, 20, 20, 20]);
});

t.test('/generate: tokens without text yet are no first token', async (t) => {
  const result = await measured(
    'sglang',
    timed([50, native('', 1)], [80, native('é', 2)], [90, native('éa', 3) + DONE]),
  );
  t.match(result, { ttftMs: 80, outputTokens: 3 });
  t.strictSame(result.itlsMs, [10]);
  t.equal(result.text, null);
});

t.test('events that are cut between two packets count when they are whole', async (t) => {
  const event = native('a', 1);
  const result = await measured(
    'sglang',
    timed([10, event.slice(0, 20)], [40, event.slice(20)], [50, native('ab', 2) + DONE]),
  );
  t.match(result, { ttftMs: 40, latencyMs: 50 });
  t.strictSame(result.itlsMs, [10]);
});

t.test('chat: each event with text is a moment, thoughts too', async (t) => {
  const result = await measured(
    'openai-chat',
    timed(
      [5, frame(delta({ role: 'assistant', content: '', reasoning_content: null }))],
      [20, frame(delta({ reasoning_content: 'Hm', content: null }))],
      [50, frame(delta({ content: 'say "content": ""' }))],
      [60, frame(delta({}, 'length'))],
      [70, frame(usage(21, 12)) + DONE],
    ),
    true,
  );
  t.match(result, { ttftMs: 20, latencyMs: 70, promptTokens: 21, outputTokens: 12 });
  t.strictSame(result.itlsMs, [30]);
  t.equal(result.text, 'Hmsay "content": ""');
});

t.test('completions: without a usage the row and the events are counted', async (t) => {
  const chunk = (text: string) => frame({ choices: [{ text }], usage: null });
  const result = await measured(
    'openai',
    timed([10, chunk('a')], [30, chunk('')], [40, chunk('b') + DONE]),
  );
  t.match(result, { ttftMs: 10, promptTokens: 3, outputTokens: 2, cachedTokens: null });
  t.strictSame(result.itlsMs, [30]);
});

t.test('what fails is no measurement, and says why', async (t) => {
  const failing: [(clock: SteppedClock) => Answer, RegExp][] = [
    [() => json({ error: { message: 'Too long.' } }, 400), /400\. Too long\./],
    [timed([10, native('a', 1)], [20, frame({ error: { message: 'Died.' } })]), /^Died\.$/],
    [timed([10, DONE]), /no text/],
    [
      () => (response) => {
        response.writeHead(200).write(native('a', 1));
        setTimeout(() => response.destroy(), 10);
      },
      /closed the connection|cannot be reached/,
    ],
  ];
  for (const [answer, message] of failing) {
    const { error } = await measured('sglang', answer);
    t.match(error, message);
  }
});
