import t from 'tap';

import { checkLogprobCost } from '../../../src/engine/fit-logprobs.js';
import type { GenerationInput } from '../../../src/engine/generation.js';
import { inputsOf, type InputSize } from './inputs.js';

interface Ask extends Partial<InputSize> {
  readonly promptLen: number;
  readonly startLen?: number;
  readonly topNum?: number;
}

function inputs({ startLen = 0, topNum = 0, ...size }: Ask): GenerationInput[] {
  const logprobs = { startLen, topNum, tokenIds: [] };
  return inputsOf({ maxNewTokens: 1, ...size }, { logprobs });
}

t.test('what log-probabilities cost is bounded by the product', (t) => {
  const check =
    (ask: Ask, isStream = false) =>
    () => {
      checkLogprobCost(inputs(ask), isStream);
    };
  t.doesNotThrow(check({ promptLen: 2048, topNum: 256 }), 'one long prompt with all entries');
  t.throws(check({ promptLen: 1900, topNum: 256, n: 256 }), { message: /^The request asks for/ });
  t.throws(check({ promptLen: 1900, topNum: 256, n: 64 }), { code: 'INVALID_REQUEST' });
  t.doesNotThrow(check({ promptLen: 1900, startLen: 1900, topNum: 5, maxNewTokens: 4096 }));
  const long = { promptLen: 2000, topNum: 256, maxNewTokens: 64 };
  t.doesNotThrow(check(long));
  t.throws(check(long, true), { message: /^The stream would show/ });
  t.doesNotThrow(check({ promptLen: 2000, topNum: 5, maxNewTokens: 128 }, true));
  t.end();
});
