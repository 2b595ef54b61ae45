/** A model whose layers keep a recurrent state: all that happens to a request leaves its answer as it is. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { generate, postJson, settledPools, type GenerateResult } from './client.js';
import { startRadish } from './radish-process.js';

const FAMILIES = join('test', 'fixtures', 'families');
const NAMES = ['falcon-h1', 'qwen3-5-vision'];
const FLAGS = ['--skip-tokenizer-init', '--page-size', '4', '--chunked-prefill-size', '7'];

interface Golden {
  readonly inputIds: number[];
  readonly logprobs: number[][];
}

function served(name: string): string[] {
  return ['--model-path', join(FAMILIES, name), ...FLAGS];
}

/** Prompts of different lengths, and more to say than a small pool holds. */
const BODIES = Array.from({ length: 12 }, (_, i) => ({
  input_ids: Array.from({ length: 5 + ((i * 7) % 31) }, (_, at) => (at * 29 + i * 13) % 64),
  sampling_params: { temperature: 0, max_new_tokens: 30 + 4 * i, ignore_eos: true },
  return_logprob: true,
}));

function essence({ output_ids, meta_info }: GenerateResult): unknown {
  return [output_ids, meta_info['output_token_logprobs']];
}

/** What each of them is answered, in the order of BODIES. */
async function together(url: string): Promise<readonly GenerateResult[]> {
  return Promise.all(BODIES.map((body) => generate(url, body)));
}

for (const name of NAMES) {
  t.test(`${name}: alone, beside others, retracted, paused, on two devices`, async (t) => {
    const radish = await startRadish(served(name));
    t.teardown(() => radish.stop());
    t.match(radish.log(), /kept states: \d+ places of \d+ MiB for prefixes/);
    await scoresLikeTransformers(t, radish.url, name);

    const alone: unknown[] = [];
    for (const body of BODIES) alone.push(essence(await generate(radish.url, body)));
    t.same((await together(radish.url)).map(essence), alone, 'together');
    const again = await Promise.all(BODIES.map((body) => generate(radish.url, body)));
    t.same(again.map(essence), alone, 'a second time');
    t.ok(
      again.some(({ meta_info }) => meta_info.cached_tokens > 0),
      'from the cache',
    );
    await goesOn(t, radish.url);

    const going = together(radish.url);
    await postJson(`${radish.url}/pause_generation`, { mode: 'in_place' });
    await postJson(`${radish.url}/continue_generation`, {});
    await postJson(`${radish.url}/pause_generation`, { mode: 'retract' });
    await postJson(`${radish.url}/continue_generation`, {});
    t.same((await going).map(essence), alone, 'paused');

    const leaving = generate(radish.url, { ...BODIES[11], rid: 'leaving' }).catch(() => null);
    await postJson(`${radish.url}/abort_request`, { rid: 'leaving' });
    await leaving;
    const begun = together(radish.url);
    const update = { model_path: join(FAMILIES, name) };
    t.equal((await postJson(`${radish.url}/update_weights_from_disk`, update)).status, 200);
    t.same((await begun).map(essence), alone, 'begun on older weights');
    t.same((await together(radish.url)).map(essence), alone, 'with new weights');
    await settledPools(radish.url);

    const tight = await startRadish([
      ...served(name),
      ...['--max-total-tokens', '256', '--schedule-conservativeness', '0'],
      ...['--max-running-requests', '8'],
    ]);
    t.teardown(() => tight.stop());
    const retracted = await together(tight.url);
    t.same(retracted.map(essence), alone, 'retracted');
    const retractions = retracted.map(({ meta_info }) => Number(meta_info['num_retractions']));
    t.ok(Math.max(...retractions) > 0, `retractions: ${retractions.join(' ')}`);
    await settledPools(tight.url);

    const two = await startRadish([...served(name), '--dp-size', '2', '--enable-fault-injection']);
    t.teardown(() => two.stop());
    const onTwo = together(two.url);
    await postJson(`${two.url}/debug/fail_device`, { rank: 0, how: 'exit' });
    t.same((await onTwo).map(essence), alone, 'a device died');
  });
}

/** Turns of a chat, and prompts that part, go on from what is kept, to the bits that they have without it. */
async function goesOn(t: Test, url: string): Promise<void> {
  const system = Array.from({ length: 50 }, (_, at) => (at * 17 + 3) % 64);
  const ask = async (input_ids: readonly number[], rest: object = {}) => {
    const sampling_params = { temperature: 0, max_new_tokens: 24, ignore_eos: true };
    const body = { input_ids, sampling_params, return_logprob: true, ...rest };
    const hit = await generate(url, body);
    // Scores from the first token on need all rows computed: the same answer without the cache.
    const cold = await generate(url, { ...body, logprob_start_len: 0 });
    t.equal(cold.meta_info.cached_tokens, 0);
    t.same(essence(hit), essence(cold), `from ${hit.meta_info.cached_tokens} tokens on`);
    return hit;
  };
  const first = await ask([...system, 1, 2, 3, 4, 5]);
  const second = await ask([...system, 9, 8, 7, 6, 5]);
  const third = await ask([...system, 11, 12, 13, 14, 15]);
  const cached = [first, second, third].map(({ meta_info }) => meta_info.cached_tokens);
  t.same(cached, [0, 0, 48], 'the second keeps the state where both part');
  const turn = [...system, 11, 12, 13, 14, 15, ...third.output_ids, 2, 4, 6];
  const next = await generate(url, { input_ids: turn, sampling_params: { max_new_tokens: 1 } });
  t.equal(next.meta_info.cached_tokens, 64, 'the next turn of a chat');
  await statesAddUp(t, url);
  const missed = await generate(url, {
    input_ids: [...system.slice(0, 45), 60, 61, 62],
    sampling_params: { max_new_tokens: 1 },
    return_cache_info: true,
  });
  t.match(missed.meta_info, { cache_info: { cause: 'recurrent_state', cached_tokens: 0 } });
  await settledPools(url);
  t.equal((await postJson(`${url}/flush_cache`, {})).status, 200);
  const [flushed] = await statesAddUp(t, url);
  t.match(flushed, { cached_states: 0, held_states: 0 });
}

interface StatePool {
  readonly total_states: number;
  readonly free_states: number;
  readonly cached_states: number;
  readonly held_states: number;
}

async function statesAddUp(t: Test, url: string): Promise<readonly StatePool[]> {
  const info = (await (await fetch(`${url}/server_info`)).json()) as {
    internal_states: { state_pool: StatePool }[];
  };
  const pools = info.internal_states.map(({ state_pool }) => state_pool);
  for (const { total_states, free_states, cached_states, held_states } of pools) {
    t.equal(free_states + cached_states + held_states, total_states);
  }
  return pools;
}

async function scoresLikeTransformers(t: Test, url: string, name: string): Promise<void> {
  const text = await readFile(join(FAMILIES, name, 'golden.json'), 'utf8');
  const { inputIds, logprobs } = JSON.parse(text) as Golden;
  const answer = await generate(url, {
    input_ids: inputIds,
    sampling_params: { max_new_tokens: 0 },
    return_logprob: true,
    logprob_start_len: 0,
  });
  const rows = answer.meta_info['input_token_logprobs'] as [number | null, number][];
  t.equal(rows.length, inputIds.length);
  const worst = rows.slice(1).reduce((most, [value, id], i) => {
    return Math.max(most, Math.abs((value ?? NaN) - (logprobs[i]?.[id] ?? NaN)));
  }, 0);
  t.ok(worst < 1e-4, `off by ${worst}`);
}

t.test('what such a model cannot have is refused in a sentence', async (t) => {
  for (const [flags, message] of [
    [['--speculative-algorithm', 'NGRAM'], /no wrong draft can be taken back/],
    [['--kv-cache-dtype', 'int8'], /keeps a recurrent state beside them/],
  ] as const) {
    await t.rejects(startRadish([...served('lfm2'), ...flags]), { message });
  }
});
