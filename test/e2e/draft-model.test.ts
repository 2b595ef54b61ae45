import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { otherModel } from './changed-model.js';
import { generate, kvPools, postJson, settledPools, type GenerateResult } from './client.js';
import { deepenedModel } from './deepened-model.js';
import { startRadish, type RadishProcess } from './radish-process.js';
import { bodies, essence, oneByOne, standalone, sumOf } from './speculated.js';

t.setTimeout(240_000);

const DEEP = await deepenedModel(join(t.testdir(), 'deep'), 5);
const STANDALONE = standalone(DEEP);

/** Few enough to be asked for one by one and again. */
const FEW = bodies.slice(0, 7);
const LONG = { temperature: 0, max_new_tokens: 250, ignore_eos: true };

function together({ url }: RadishProcess): Promise<GenerateResult[]> {
  return Promise.all(FEW.map((body) => generate(url, body)));
}

function same(
  t: Test,
  answers: readonly GenerateResult[],
  expected: readonly GenerateResult[],
  what: string,
): void {
  t.same(answers.map(essence), expected.map(essence), what);
}

/** Asks for a stream, and hangs up behind some of its events. */
async function leave(url: string, body: object, numEvents: number): Promise<void> {
  const client = request(`${url}/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  });
  client.on('error', () => undefined);
  client.end(JSON.stringify({ ...body, stream: true }));
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  for (let i = 0; i < numEvents; i++) await once(response, 'data');
  client.destroy();
}

t.test('who leaves in the middle of drafts takes nothing along', async (t) => {
  // Few slots: what leaves makes room for who waits.
  const radish = await startRadish([...STANDALONE, '--max-running-requests', '4']);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const expected = await oneByOne(radish, FEW);
  const long = { text: 'The sky is blue and the sea is wide. The sky is', sampling_params: LONG };
  const whole = await generate(url, long);
  t.ok(sumOf([whole], 'spec_num_correct_drafts') > 100);

  const leaving = FEW.map((body, i) => leave(url, { ...long, text: body.text }, 1 + (i % 7)));
  const stayed = await together(radish);
  await Promise.all(leaving);
  same(t, stayed, expected, 'beside those that hang up');

  const aborted = ['a', 'b', 'c'].map((rid) => generate(url, { ...long, rid: `gone-${rid}` }));
  const others = together(radish);
  for (const rid of ['gone-a', 'gone-']) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    await postJson(`${url}/abort_request`, { rid });
  }
  for (const { meta_info, output_ids } of await Promise.all(aborted)) {
    t.equal(meta_info.finish_reason?.type, 'abort');
    t.same(output_ids, whole.output_ids.slice(0, output_ids.length), 'as far as it came');
  }
  same(t, await others, expected, 'beside those that are aborted');
  same(t, await oneByOne(radish, FEW), expected, 'and alone afterwards');
  await settledPools(url);
});

t.test('two devices have a draft model each', async (t) => {
  const one = await startRadish(STANDALONE);
  t.teardown(() => one.stop());
  const expected = await oneByOne(one, FEW);
  const two = await startRadish([...STANDALONE, '--dp-size', '2']);
  t.teardown(() => two.stop());
  same(t, await together(two), expected, 'together');
  const pools = await kvPools(two.url);
  t.equal(pools.length, 2);
  t.ok(
    pools.every(({ cached_tokens }) => cached_tokens > 0),
    'both had requests',
  );
  for (const rank of [0, 1]) {
    const answer = await generate(two.url, { ...FEW[3], data_parallel_rank: rank });
    t.same(essence(answer), essence(expected[3]), `rank ${rank}`);
    t.ok(sumOf([answer], 'spec_num_correct_drafts') > 0);
  }
  await settledPools(two.url);
});

t.test('new weights are drafted for by the same model', async (t) => {
  const other = await otherModel(join(t.testdir(), 'other'), DEEP);
  const flags = [...STANDALONE, '--max-total-tokens', '16384', '--enable-memory-saver'];
  const changed = await startRadish([...flags, '--model-path', other]);
  const ofOther = await oneByOne(changed, FEW);
  await changed.stop();

  const radish = await startRadish(flags);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const expected = await oneByOne(radish, FEW);
  const update = async (model_path: string): Promise<void> => {
    const response = await postJson(`${url}/update_weights_from_disk`, { model_path });
    t.match(await response.json(), { success: true });
  };
  const begun = await streamsBegun(url);
  await update(other);
  same(t, await begun.ended(), expected, 'what had begun ends as it began');
  same(t, await together(radish), ofOther, 'of the new weights');
  t.ok(sumOf(ofOther, 'spec_num_proposed_drafts') > sumOf(ofOther, 'spec_num_correct_drafts'));
  for (const path of ['release', 'resume']) {
    t.equal((await postJson(`${url}/${path}_memory_occupation`, {})).status, 200);
  }
  same(t, await together(radish), ofOther, 'and with devices made anew');
  await update(DEEP);
  same(t, await together(radish), expected, 'of the first weights again');
  await settledPools(url);
});

interface Begun {
  ended(): Promise<GenerateResult[]>;
}

/** A stream of each, whose answer has begun. */
async function streamsBegun(url: string): Promise<Begun> {
  const responses = await Promise.all(
    FEW.map((body) => postJson(`${url}/generate`, { ...body, stream: true })),
  );
  return {
    ended: () =>
      Promise.all(
        responses.map(async (response) => {
          const frames = (await response.text()).split('\n\n');
          const last = frames.at(-3)?.slice('data: '.length) ?? '';
          return JSON.parse(last) as GenerateResult;
        }),
      ),
  };
}
