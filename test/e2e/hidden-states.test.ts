/** `return_hidden_states` on a server as a user runs it: against transformers, and complete whatever happens. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { openWs } from '../doubles/ws-client.js';
import { generate, generateStream, postJson, settledPools, type GenerateResult } from './client.js';
import { startRadish, type RadishProcess } from './radish-process.js';

t.setTimeout(300_000);

/** What transformers computed; written by test/fixtures/make_hidden_states.py. */
interface Golden {
  readonly inputIds: readonly number[];
  readonly outputIds: readonly number[];
  readonly hidden: Readonly<Record<string, readonly number[]>>;
}

type Row = readonly number[];

async function start(t: Test, flags: readonly string[] = []): Promise<RadishProcess> {
  const radish = await startRadish(['--enable-return-hidden-states', ...flags]);
  t.teardown(() => radish.stop());
  return radish;
}

/** Prompt and outputs, one row each; checks the shape. */
function rowsOf({ meta_info: info }: GenerateResult): readonly Row[] {
  const [prompt, ...outputs] = info['hidden_states'] as [readonly Row[], ...Row[]];
  if (prompt.length !== info.prompt_tokens) throw new Error(`${prompt.length} rows of a prompt`);
  const numFurther = Math.max(0, info.completion_tokens - 1);
  if (outputs.length !== numFurther) throw new Error(`${outputs.length} rows of an answer`);
  return [...prompt, ...outputs];
}

const greedy = (maxNewTokens: number) => ({
  temperature: 0,
  max_new_tokens: maxNewTokens,
  ignore_eos: true,
});

t.test('they are those of transformers, cut into chunks, cached or not', async (t) => {
  const path = join('test', 'fixtures', 'hidden-states.json');
  const golden = JSON.parse(await readFile(path, 'utf8')) as Golden;
  const flags = ['--quantization', 'none', '--chunked-prefill-size', '13', '--page-size', '4'];
  const { url } = await start(t, flags);
  const body = {
    input_ids: golden.inputIds,
    sampling_params: greedy(golden.outputIds.length),
    return_hidden_states: true,
  };
  const cold = await generate(url, body);
  t.same(cold.output_ids, golden.outputIds);
  const rows = rowsOf(cold);
  const errors = Object.entries(golden.hidden).flatMap(([place, row]) =>
    row.map((value, i) => Math.abs(value - (rows[Number(place)]?.[i] ?? NaN))),
  );
  t.ok(errors.length > 500 && errors.every((error) => error < 1e-3), `${Math.max(...errors)}`);
  const plain = await generate(url, { ...body, return_hidden_states: false });
  t.ok(plain.meta_info.cached_tokens > 0, 'the prompt is cached');
  const warm = await generate(url, body);
  t.same(warm.meta_info['hidden_states'], cold.meta_info['hidden_states'], 'bit for bit');
  t.equal(warm.meta_info.cached_tokens, 0);
  const last = await generate(url, { ...body, return_hidden_states: 'last' });
  t.ok(last.meta_info.cached_tokens > 0, 'the last row needs nothing computed again');
  t.same(last.meta_info['hidden_states'], rows.at(-1));
  const streamed = (await generateStream(url, body)).at(-1);
  t.same(streamed?.meta_info['hidden_states'], cold.meta_info['hidden_states'], 'streamed');
  const socket = await openWs(url);
  socket.send({ op: 'generate', id: 1, body });
  const { event, data } = await socket.next();
  t.equal(event, 'done');
  t.same(rowsOf(data as GenerateResult), rows, 'over a WebSocket');
  socket.close();
});

/** Prompts with and without common beginnings. */
const bodies = Array.from({ length: 12 }, (_, i) => ({
  text: `${'The sky is blue. '.repeat(i % 5)}Question ${i}: what is the capital of France?`,
  sampling_params: greedy(40 + 8 * i),
  return_hidden_states: i % 3 === 2 ? 'last' : true,
}));

t.test('none is lost or doubled by retractions, and devices change no bit', async (t) => {
  const roomy = await start(t, ['--dp-size', '2']);
  const pool = ['--max-total-tokens', '400', '--max-running-requests', '32'];
  const chunks = ['--chunked-prefill-size', '24', '--schedule-conservativeness', '0'];
  const tight = await start(t, [...pool, ...chunks]);
  const [expected = [], got = []] = await Promise.all(
    [roomy, tight].map(({ url }) => Promise.all(bodies.map((body) => generate(url, body)))),
  );
  for (const [i, body] of bodies.entries()) {
    const [one, other] = [got[i], expected[i]];
    if (one === undefined || other === undefined) throw new Error('no answer');
    t.same(one.output_ids, other.output_ids, `tokens of ${i}`);
    t.same(one.meta_info['hidden_states'], other.meta_info['hidden_states'], `rows of ${i}`);
    if (body.return_hidden_states === true) t.doesNotThrow(() => rowsOf(one));
  }
  const retractions = got.map(({ meta_info: info }) => Number(info['num_retractions']));
  t.ok(Math.max(...retractions) > 0, `retractions: ${retractions.join(' ')}`);
  await settledPools(tight.url);
});

for (const format of ['w8a8_int8', 'int8', 'int4']) {
  t.test(`${format}: rows are those that the request has alone`, async (t) => {
    const { url } = await start(t, ['--quantization', format]);
    const some = bodies.slice(0, 3).map((body) => ({ ...body, sampling_params: greedy(6) }));
    const together = await Promise.all(some.map((body) => generate(url, body)));
    for (const [i, body] of some.entries()) {
      await postJson(`${url}/flush_cache`, {});
      const alone = await generate(url, body);
      t.same(together[i]?.meta_info['hidden_states'], alone.meta_info['hidden_states'], `${i}`);
    }
  });
}
