import { join } from 'node:path';
import t from 'tap';
import { generate, generateStream, postJson, settledPools } from './client.js';
import { deepenedModel } from './deepened-model.js';
import { startRadish } from './radish-process.js';
import { bodies, essence, oneByOne, standalone, sumOf } from './speculated.js';

/** A low bar, so that drafts are made and are wrong as well. */
const NGRAM = [
  ['--speculative-algorithm', 'NGRAM'],
  ['--speculative-ngram-min-match-window-size', '2'],
  ['--speculative-ngram-max-match-window-size', '3'],
].flat();

t.test('answers with drafts are the same alone, in a batch, cut small and retracted', async (t) => {
  const roomy = await startRadish([...NGRAM, '--chunked-prefill-size', '32']);
  const narrow = await startRadish([...NGRAM, '--speculative-num-draft-tokens', '2']);
  const tight = await startRadish([
    ...NGRAM,
    ...['--max-total-tokens', '480', '--max-running-requests', '24'],
    ...['--schedule-conservativeness', '0'],
  ]);
  t.teardown(() => Promise.all([roomy, narrow, tight].map((radish) => radish.stop())));
  const alone = await oneByOne(roomy);
  t.ok(sumOf(alone, 'spec_num_correct_drafts') > 100, 'many drafts are right');
  t.ok(
    sumOf(alone, 'spec_num_proposed_drafts') > sumOf(alone, 'spec_num_correct_drafts') + 20,
    'some are wrong',
  );
  await postJson(`${roomy.url}/flush_cache`, {});
  const together = await Promise.all(bodies.map((body) => generateStream(roomy.url, body)));
  const cut = await Promise.all(bodies.map((body) => generate(narrow.url, body)));
  const retracted = await Promise.all(bodies.map((body) => generate(tight.url, body)));
  t.ok(sumOf(retracted, 'num_retractions') > 0);
  for (const [i, answer] of alone.entries()) {
    const expected = essence(answer);
    t.same(essence(together[i]?.at(-1)), expected, `request ${i} in a batch`);
    t.same(essence(cut[i]), expected, `request ${i} in pairs of tokens`);
    t.same(essence(retracted[i]), expected, `request ${i} where pages are short`);
  }
  for (const { url } of [roomy, narrow, tight]) await settledPools(url);
});

t.test('meta_info counts passes and drafts as SGLang names them', async (t) => {
  const radish = await startRadish(NGRAM);
  t.teardown(() => radish.stop());
  const { meta_info: meta } = await generate(radish.url, bodies[0] ?? {});
  const numPasses = Number(meta['spec_verify_ct']);
  const numCorrect = Number(meta['spec_num_correct_drafts']);
  t.equal(numPasses + numCorrect, meta.completion_tokens - 1, 'the first token is from the prompt');
  t.equal(meta['spec_accept_length'], meta.completion_tokens / numPasses);
  t.equal(meta['spec_accept_rate'], numCorrect / Number(meta['spec_num_proposed_drafts']));
  const histogram = meta['spec_correct_drafts_histogram'] as number[];
  t.equal(
    histogram.reduce((sum, count) => sum + count, 0),
    numPasses,
  );
  const info = (await (await fetch(`${radish.url}/server_info`)).json()) as Record<string, unknown>;
  t.equal(info['speculative_algorithm'], 'NGRAM');
  t.match(info['internal_states'], [{ avg_spec_accept_length: Number }]);
  const loads = (await (await fetch(`${radish.url}/v1/loads?include=spec`)).json()) as object;
  t.match(loads, { loads: [{ speculative: { accept_length: Number, accept_rate: Number } }] });
});

t.test('deterministic inference turns it off, and says so', async (t) => {
  const radish = await startRadish([...NGRAM, '--enable-deterministic-inference']);
  t.teardown(() => radish.stop());
  const { meta_info: meta } = await generate(radish.url, bodies[0] ?? {});
  t.notOk('spec_verify_ct' in meta);
  t.match(radish.log(), /turns --speculative-algorithm off/);
});

t.test('drafts of a model: the same alone, in a batch, cut small and retracted', async (t) => {
  const drafting = standalone(await deepenedModel(join(t.testdir(), 'deep'), 5));
  // A model of many layers takes its time.
  const asked = bodies.slice(0, 10);
  const roomy = await startRadish([...drafting, '--enable-memory-saver']);
  const tight = await startRadish([
    ...drafting,
    ...['--chunked-prefill-size', '32'],
    ...['--max-total-tokens', '320', '--max-running-requests', '24'],
    ...['--schedule-conservativeness', '0'],
  ]);
  t.teardown(() => Promise.all([roomy, tight].map((radish) => radish.stop())));
  t.match(roomy.log(), /draft model: weights \d+ MiB per device, KV slots at most \d+ MiB/);
  const alone = await oneByOne(roomy, asked);
  t.ok(sumOf(alone, 'spec_num_correct_drafts') > 100, 'many drafts are right');
  t.ok(
    sumOf(alone, 'spec_num_proposed_drafts') > sumOf(alone, 'spec_num_correct_drafts'),
    'some are wrong',
  );
  await postJson(`${roomy.url}/flush_cache`, {});
  for (const path of ['release', 'resume']) {
    const body = { tags: ['kv_cache'] };
    t.equal((await postJson(`${roomy.url}/${path}_memory_occupation`, body)).status, 200);
  }
  const together = await Promise.all(asked.map((body) => generateStream(roomy.url, body)));
  const retracted = await Promise.all(asked.map((body) => generate(tight.url, body)));
  t.ok(sumOf(retracted, 'num_retractions') > 0);
  for (const [i, answer] of alone.entries()) {
    const expected = essence(answer);
    t.same(essence(together[i]?.at(-1)), expected, `request ${i} in a batch`);
    t.same(essence(retracted[i]), expected, `request ${i} where pages are short`);
  }
  for (const { url } of [roomy, tight]) await settledPools(url);
  const info = (await (await fetch(`${roomy.url}/server_info`)).json()) as Record<string, unknown>;
  t.equal(info['speculative_draft_model_path'], 'radish-tiny');
  t.match(info['internal_states'], [{ avg_spec_accept_length: Number }]);
});
