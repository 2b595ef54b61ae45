import t from 'tap';

import type { HiddenStatesMode } from '../../../src/core/hidden-states.js';
import { checkHiddenCost } from '../../../src/engine/fit-hidden.js';
import type { GenerationInput } from '../../../src/engine/generation.js';
import { inputsOf, type InputSize } from './inputs.js';

interface Ask extends InputSize {
  readonly mode?: HiddenStatesMode | null;
}

function inputs({ mode = 'full', ...size }: Ask): GenerationInput[] {
  return inputsOf(size, { hiddenStates: mode });
}

t.test('what hidden states cost is bounded, all samples and chunks together', (t) => {
  const check =
    (ask: Ask, isStream = false, hiddenSize = 1024) =>
    () => {
      checkHiddenCost(inputs(ask), hiddenSize, isStream);
    };
  t.doesNotThrow(check({ promptLen: 2000, maxNewTokens: 49 }), '2,048 rows of 1,024');
  t.throws(check({ promptLen: 2000, maxNewTokens: 50 }), {
    code: 'INVALID_REQUEST',
    message: /^The request asks for 2098176 numbers of hidden states, .* 2097152\. Ask for/,
  });
  t.throws(check({ promptLen: 1000, maxNewTokens: 30, n: 2 }), { code: 'INVALID_REQUEST' });
  t.doesNotThrow(check({ promptLen: 2000, maxNewTokens: 0 }), 'a prompt alone');
  t.doesNotThrow(check({ promptLen: 30_000, maxNewTokens: 2000, mode: 'last', n: 9 }, true));
  t.doesNotThrow(check({ promptLen: 30_000, maxNewTokens: 2000, mode: null }, true));
  const long = { promptLen: 1000, maxNewTokens: 33 };
  t.doesNotThrow(check(long));
  t.throws(check(long, true), { message: /^The stream would show 34332672 numbers/ });
  t.doesNotThrow(check({ ...long, maxNewTokens: 32 }, true));
  t.end();
});
