import t from 'tap';

import { Latencies } from '../../../../../src/api/ws/watch/latencies.js';
import { TokenRates } from '../../../../../src/api/ws/watch/token-rates.js';
import type { DeviceState } from '../../../../../src/messages.js';
import type { ObservedRequest } from '../../../../../src/observability/engine-events.js';

function request(createdMs: number): ObservedRequest & { outputIds: number[] } {
  return {
    rid: 'r',
    inputIds: Int32Array.of(1),
    cachedTokens: 0,
    outputIds: [],
    createdMs,
    finishedMs: createdMs + 500,
    finish: null,
    stats: null,
    input: {},
  };
}

t.test('times to the first token and from one to the next, of the last minute', (t) => {
  const latencies = new Latencies(1000);
  t.same(latencies.state(1000), { window_s: 60 });
  for (let i = 0; i < 100; i++) {
    const one = request(1000);
    one.outputIds.push(1);
    latencies.progressed(one, 1000 + i);
    one.outputIds.push(2, 3);
    latencies.progressed(one, 1000 + i + 8);
    latencies.finished(one);
  }
  const state = latencies.state(2000);
  t.same(state.ttft_ms, { count: 100, p50: 50, p90: 90, p99: 99 });
  t.same(state.inter_token_ms, { count: 200, p50: 4, p90: 4, p99: 4 }, 'two tokens in 8 ms');
  t.match(state.total_ms, { count: 100, p50: 500 });
  t.same(latencies.state(100_000), { window_s: 60 }, 'older ones do not count');
  const early = request(500);
  latencies.progressed(early, 100_000);
  t.notOk(latencies.state(100_000).ttft_ms, 'its first token may have been earlier');
  t.end();
});

const device = (generation: number, totals: object): DeviceState =>
  ({ device: { rank: 0, generation }, load: { totals } }) as unknown as DeviceState;

t.test('tokens a second and hits, over devices that come and go', (t) => {
  const rates = new TokenRates();
  const totals = { prefillTokens: 100, cachedTokens: 50, decodeTokens: 10 };
  t.ok(rates.sample([device(0, totals)], 10_000));
  t.notOk(rates.sample([device(0, totals)], 10_500), 'one a second');
  const later = { prefillTokens: 160, cachedTokens: 90, decodeTokens: 30 };
  rates.sample([device(0, later)], 12_000);
  t.strictSame(Object.values(rates.rates.byNumber()), [
    { at: 12_000, prompt: 30, cached: 20, output: 10 },
  ]);
  t.strictSame(Object.values(rates.hits.byNumber()), [
    { at: 12_000, prompt_tokens: 100, cached_tokens: 40 },
  ]);
  const fresh = { prefillTokens: 8, cachedTokens: 0, decodeTokens: 4 };
  rates.sample([device(1, fresh)], 13_000);
  t.match(Object.values(rates.rates.byNumber())[1], { prompt: 8, cached: 0, output: 4 });
  rates.sample([device(1, fresh)], 14_000);
  t.equal(Object.keys(rates.hits.byNumber()).length, 2, 'no prompts, no hit rate');
  t.end();
});
