import t from 'tap';

import { startEmbedApp } from '../api/embed/embed-app.js';
import { answerOf, startApp } from '../api/test-app.js';

/** Sample lines by name and labels, every one checked against the text format. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const types = new Set<string>();
  for (const line of text
    .trim()
    .split('\n')
    .filter((one) => one !== '')) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) types.add(type[1] ?? '');
    if (line.startsWith('#')) continue;
    const sample = /^([a-z0-9_:]+(?:\{(?:[a-z_]+="[^"]*",?)*\})?) (\S+)$/i.exec(line);
    if (sample === null) throw new Error(`not in the text format: ${line}`);
    const name = (sample[1] ?? '').replace(/\{.*/, '').replace(/_(bucket|sum|count)$/, '');
    const known = types.has(name) || types.has((sample[1] ?? '').replace(/\{.*/, ''));
    if (!known) throw new Error(`no type: ${line}`);
    samples.set(sample[1] ?? '', Number(sample[2]));
  }
  return samples;
}

t.test('/metrics counts requests and shows devices', async (t) => {
  const app = await startApp({ enableMetrics: true, apiKey: 'k' });
  t.teardown(() => {
    app.app.close();
  });
  const key = { authorization: 'Bearer k' };
  const scrape = async () => {
    const { status, headers, text } = await answerOf(await fetch(`${app.url}/metrics`));
    t.equal(status, 200, 'exempt from the key');
    t.match(headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
    return parse(text);
  };
  const model = 'model_name="org/tiny"';
  const before = await scrape();
  t.equal(before.get(`sglang:num_requests_total{${model}}`), 0);
  t.equal(before.get(`sglang:prompt_tokens_total{${model}}`), 0);

  app.scheduler.onAccepted = (req) => {
    app.scheduler.admit(req.num, 16);
    app.scheduler.run(req, [97, 98, 99]);
    app.scheduler.finish(req.num, { type: 'length', length: 3 }, { cachedTokens: 16 });
  };
  await app.post('/generate', { text: 'a'.repeat(20) }, key);
  await app.post('/generate', { text: 'bb', log_metrics: false }, key);
  await fetch(`${app.url}/health_generate`);
  app.scheduler.onAccepted = (req) => {
    app.scheduler.finish(req.num, {
      type: 'abort',
      message: 'Aborted',
      code: null,
    });
  };
  await app.post('/generate', { text: 'cc' }, key);

  const after = await scrape();
  const counters = {
    num_requests_total: 2,
    num_aborted_requests_total: 1,
    prompt_tokens_total: 22,
    generation_tokens_total: 3,
    time_to_first_token_seconds_count: 1,
    inter_token_latency_seconds_count: 2,
    e2e_request_latency_seconds_count: 2,
    prompt_tokens_histogram_sum: 22,
    uncached_prompt_tokens_histogram_sum: 6,
    generation_tokens_histogram_sum: 3,
  };
  for (const [name, value] of Object.entries(counters)) {
    t.equal(after.get(`sglang:${name}{${model}}`), value, name);
  }
  t.equal(after.get(`sglang:cached_tokens_total{cache_source="device",${model}}`), 16);
  t.notOk(after.has(`sglang:cached_tokens_total{cache_source="total",${model}}`));
  t.ok(after.has(`sglang:time_to_first_token_seconds_bucket{le="0.1",${model}}`));
  t.ok(after.has(`sglang:inter_token_latency_seconds_bucket{le="0.002",${model}}`));
  t.ok(after.has(`sglang:e2e_request_latency_seconds_bucket{le="2400",${model}}`));

  const device = `engine_type="unified",tp_rank="0",pp_rank="0",moe_ep_rank="0",${model}`;
  const gauges = {
    num_running_reqs: 0,
    num_queue_reqs: 2,
    num_used_tokens: 0,
    token_usage: 0,
    gen_throughput: 12.5,
    cache_hit_rate: 0.25,
    num_retracted_reqs: 1,
    num_retracted_requests_total: 2,
    max_total_num_tokens: 1024,
    page_size: 16,
    num_pages: 64,
    context_len: 200,
    kv_available_tokens: 1000,
    decode_sum_seq_lens: 44,
  };
  for (const [name, value] of Object.entries(gauges)) {
    t.equal(after.get(`sglang:${name}{${device}}`), value, name);
  }
  const decoded = `engine_type="unified",tp_rank="0",pp_rank="0",moe_ep_rank="0",mode="decode",${model}`;
  t.equal(after.get(`sglang:realtime_tokens_total{${decoded}}`), 50);
  t.equal((await scrape()).get(`sglang:realtime_tokens_total{${decoded}}`), 50, 'not added twice');
  t.equal(after.get(`sglang:num_paused_reqs{${device}}`), 0);
  const queued = `${model},engine_type="unified",tp_rank="0",pp_rank="0",moe_ep_rank="0"`;
  t.equal(after.get(`sglang:queue_time_seconds_count{${queued}}`), 2);
  t.ok(after.has(`sglang:queue_time_seconds_bucket{le="3000",${queued}}`));
});

t.test('what was accepted of drafts is a gauge, 0 where nothing speculates', async (t) => {
  const app = await startApp({ enableMetrics: true });
  t.teardown(() => {
    app.app.close();
  });
  const accepted = async () => {
    const samples = parse((await answerOf(await fetch(`${app.url}/metrics`))).text);
    const labels = 'engine_type="unified",tp_rank="0",pp_rank="0",moe_ep_rank="0"';
    return ['spec_accept_length', 'spec_accept_rate'].map((name) =>
      samples.get(`sglang:${name}{${labels},model_name="org/tiny"}`),
    );
  };
  t.strictSame(await accepted(), [0, 0]);
  app.scheduler.drafts = { numPasses: 0, numDrafts: 0, numCorrect: 0, histogram: [] };
  t.strictSame(await accepted(), [0, 0], 'nor before the first pass');
  app.scheduler.drafts = { numPasses: 4, numDrafts: 10, numCorrect: 6, histogram: [1, 1, 1, 1] };
  t.strictSame(await accepted(), [2.5, 0.6]);
});

t.test('flags say the bounds of the histograms', async (t) => {
  const app = await startApp({
    enableMetrics: true,
    bucketTimeToFirstToken: [0.25, 30],
    bucketInterTokenLatency: [0.5],
    bucketE2eRequestLatency: [7, 8],
    promptTokensBuckets: ['custom', '30', '20'],
    generationTokensBuckets: ['tse', '10', '2', '4'],
  });
  t.teardown(() => {
    app.app.close();
  });
  const { text } = await answerOf(await fetch(`${app.url}/metrics`));
  const boundsOf = (name: string) => {
    const lines = [...text.matchAll(new RegExp(`^sglang:${name}_bucket\\{le="([^"]+)"`, 'gm'))];
    return lines.map(([, bound]) => bound);
  };
  t.strictSame(boundsOf('time_to_first_token_seconds'), ['0.25', '30', '+Inf']);
  t.strictSame(boundsOf('inter_token_latency_seconds'), ['0.5', '+Inf']);
  t.strictSame(boundsOf('e2e_request_latency_seconds'), ['7', '8', '+Inf']);
  t.strictSame(boundsOf('prompt_tokens_histogram'), ['20', '30', '+Inf']);
  t.strictSame(boundsOf('uncached_prompt_tokens_histogram'), ['20', '30', '+Inf']);
  t.strictSame(boundsOf('generation_tokens_histogram'), ['6', '8', '10', '12', '14', '+Inf']);
  const info = await (await fetch(`${app.url}/get_server_info`)).json();
  t.match(info, {
    bucket_time_to_first_token: [0.25, 30],
    bucket_inter_token_latency: [0.5],
    bucket_e2e_request_latency: [7, 8],
    prompt_tokens_buckets: ['custom', '30', '20'],
    generation_tokens_buckets: ['tse', '10', '2', '4'],
  });
});

t.test('with several devices, what belongs to one says which', async (t) => {
  const app = await startApp({ enableMetrics: true, dpSize: 2 });
  t.teardown(() => {
    app.app.close();
  });
  app.scheduler.onAccepted = (req) => {
    app.scheduler.finish(req.num, { type: 'length', length: 0 }, { dpRank: 1 });
  };
  await app.post('/generate', { text: 'a' });
  const samples = parse((await answerOf(await fetch(`${app.url}/metrics`))).text);
  const labels = 'engine_type="unified",tp_rank="0",pp_rank="0",moe_ep_rank="0"';
  const model = 'model_name="org/tiny"';
  const at = (rank: number) => `${labels},dp_rank="${rank}",${model}`;
  t.equal(samples.get(`sglang:num_queue_reqs{${at(0)}}`), 2);
  t.equal(samples.get(`sglang:page_size{${at(0)}}`), 16);
  t.equal(samples.get(`sglang:page_size{${at(1)}}`), 16);
  t.equal(samples.get(`sglang:queue_time_seconds_count{${model},${labels},dp_rank="1"}`), 1);
  t.equal(samples.get(`sglang:num_paused_reqs{${at(0)}}`), 0);
  t.ok([...samples.keys()].every((name) => name.includes(model)));
});

t.test('texts of an embedding model count like prompts', async (t) => {
  const app = await startEmbedApp(t, {}, { enableMetrics: true });
  app.scheduler.vectorOf = () => [1];
  await app.post('/encode', { text: ['aaa', 'bb'] });
  await app.post('/encode', { text: 'not counted', log_metrics: false });
  await app.post('/v1/embeddings', { input: 'c' });
  t.equal((await fetch(`${app.url}/health_generate`)).status, 200);
  app.scheduler.vectorOf = () => null;
  const left = app.post('/encode', { text: 'dddd', rid: 'gone' });
  while (app.scheduler.liveTexts.size < 1) await new Promise(setImmediate);
  await app.post('/abort_request', { rid: 'gone' });
  t.equal((await left).status, 400);

  const samples = parse((await answerOf(await fetch(`${app.url}/metrics`))).text);
  const counters = {
    num_requests_total: 4,
    num_aborted_requests_total: 1,
    prompt_tokens_total: 10,
    generation_tokens_total: 0,
    time_to_first_token_seconds_count: 3,
    inter_token_latency_seconds_count: 0,
    e2e_request_latency_seconds_count: 4,
    prompt_tokens_histogram_sum: 10,
    uncached_prompt_tokens_histogram_sum: 10,
    generation_tokens_histogram_count: 4,
  };
  for (const [name, value] of Object.entries(counters)) {
    t.equal(samples.get(`sglang:${name}{model_name="org/tiny"}`), value, name);
  }
});

t.test('without the flag there is no /metrics', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  t.equal((await fetch(`${app.url}/metrics`)).status, 404);
});
