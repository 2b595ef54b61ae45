import t from 'tap';

import { greedySampling } from '../../../src/core/sampling-params.js';
import { checkLogprobCost } from '../../../src/engine/fit-logprobs.js';
import type { GenerationInput } from '../../../src/engine/generation.js';

interface Ask {
  readonly promptLen: number;
  readonly startLen?: number;
  readonly topNum?: number;
  readonly maxNewTokens?: number;
  readonly n?: number;
}

function inputs({ promptLen, startLen = 0, topNum = 0, maxNewTokens = 1, n = 1 }: Ask) {
  const input: GenerationInput = {
    req: {
      rid: 'r',
      inputIds: new Int32Array(promptLen),
      sampling: greedySampling(maxNewTokens),
      logprobs: { startLen, topNum, tokenIds: [] },
      hiddenStates: null,
      grammar: null,
      namespace: '',
      tenant: '',
      explainsMiss: false,
      dpRank: null,
      priority: 0,
    },
    text: null,
  };
  return Array.from({ length: n }, () => input);
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
