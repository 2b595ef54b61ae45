import t from 'tap';

import { endingTokenIds } from '../../../src/core/sampling-params.js';
import { fitPrompt, fitSampling, maxPromptTokens } from '../../../src/engine/fit-request.js';
import { parseSamplingParams } from '../../../src/api/native/sampling-request.js';
import { SeedSource, seedOf } from '../../../src/engine/seeds.js';

const LIMITS = {
  contextLength: 1000,
  maxTotalTokens: 500,
  slotLength: 400,
  vocabSize: 100,
  allowAutoTruncate: false,
};
const CONTEXT = { vocabSize: 100, hasTokenizer: true };

function fitted(params: Record<string, unknown>, promptLen: number, eosTokenIds = [2, 3]) {
  const fit = { promptLen, eosTokenIds, thought: null, seed: seedOf(1), sampleIndex: 0 };
  return fitSampling(parseSamplingParams(params, CONTEXT), fit, LIMITS);
}

t.test("the longest prompt is SGLang's", (t) => {
  t.equal(maxPromptTokens({ contextLength: 1000, maxTotalTokens: 1e6 }), 994);
  t.equal(maxPromptTokens({ contextLength: 1e6, maxTotalTokens: 20480 }), 20474);
  t.end();
});

t.test('auto truncation cuts the prompt and the answer instead of refusing', (t) => {
  const sampling = parseSamplingParams({ max_new_tokens: 5000 }, CONTEXT);
  const limits = { ...LIMITS, allowAutoTruncate: true };
  t.equal(fitPrompt(new Int32Array(3000), sampling, limits).length, 494);
  t.equal(fitPrompt(new Int32Array(3), sampling, limits).length, 3);
  t.throws(() => fitPrompt(new Int32Array(0), sampling, limits), /at least one token/);
  t.end();
});

t.test('max_new_tokens is clipped to the room of a slot', (t) => {
  t.equal(fitted({}, 10).maxNewTokens, 128);
  t.equal(fitted({}, 390).maxNewTokens, 10);
  t.equal(fitted({ max_new_tokens: null }, 10).maxNewTokens, 390);
  t.equal(fitted({ max_new_tokens: 0 }, 10).maxNewTokens, 0);
  t.equal(fitted({ min_new_tokens: 100 }, 390).minNewTokens, 10);
  t.end();
});

t.test('stop ids are those of the request and the model, sorted, inside the vocabulary', (t) => {
  t.strictSame(fitted({ stop_token_ids: [50, 3, null, 1000] }, 1).stopTokenIds, [2, 3, 50]);
  const ignored = fitted({ stop_token_ids: [50], ignore_eos: true }, 1);
  t.strictSame(ignored.stopTokenIds, [2, 3, 50], 'masked until min_new_tokens all the same');
  t.strictSame([...endingTokenIds(ignored)], [], 'ignore_eos: none of them ends it');
  t.strictSame([...endingTokenIds(fitted({ stop_token_ids: [50] }, 1))], [2, 3, 50]);
  t.end();
});

t.test('greedy is temperature 1 with top_k 1', (t) => {
  t.match(fitted({ temperature: 0, top_k: 50 }, 1), { temperature: 1, topK: 1 });
  t.match(fitted({ temperature: 1e-5, top_k: 50 }, 1), { temperature: 1e-5, topK: 50 });
  t.end();
});

t.test('seeds are u32, and the same for the same server seed', (t) => {
  const draw = (seed: number): number[] => {
    const source = new SeedSource(seed);
    return Array.from({ length: 100 }, () => source.next().seed);
  };
  t.strictSame(draw(7), draw(7));
  t.notSame(draw(7), draw(8));
  t.equal(new Set(draw(7)).size, 100);
  t.ok(draw(7).every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32));
  t.same(seedOf(-1), { seed: 2 ** 32 - 1, seedHigh: 2 ** 32 - 1 });
  t.same(seedOf(2 ** 32 + 5), { seed: 5, seedHigh: 1 });
  t.same(seedOf(2n ** 63n - 1n), { seed: 2 ** 32 - 1, seedHigh: 2 ** 31 - 1 });
  t.end();
});
