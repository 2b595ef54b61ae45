import t from 'tap';
import { checkRecurrentState } from '../../../src/boot/recurrent-state.js';
import { loadServerArgs } from '../../../src/config/load.js';
import type { ServerArgs } from '../../../src/config/server-args.js';

const ARGS: ServerArgs = loadServerArgs(new Map(), null, {}).args;
const PLAIN = { architecture: 'LlamaForCausalLM', state: null };
const RECURRENT = { architecture: 'Lfm2ForCausalLM', state: { kvLayers: [0], tensors: [] } };

t.test('a model without a state may speculate', (t) => {
  const args: ServerArgs = { ...ARGS, speculativeAlgorithm: 'NGRAM' };
  t.doesNotThrow(() => {
    checkRecurrentState(args, { spec: PLAIN, draft: PLAIN });
  });
  t.end();
});

t.test('it does not speculate, and drafts for nobody', (t) => {
  const args: ServerArgs = { ...ARGS, speculativeAlgorithm: 'NGRAM' };
  const models = { spec: RECURRENT, draft: null };
  t.throws(
    () => {
      checkRecurrentState(args, models);
    },
    {
      message: /^--speculative-algorithm NGRAM is not possible with Lfm2ForCausalLM: /,
    },
  );
  const deterministic = { ...args, enableDeterministicInference: true };
  t.doesNotThrow(() => {
    checkRecurrentState(deterministic, models);
  }, 'which turns it off');
  t.throws(
    () => {
      checkRecurrentState(args, { spec: PLAIN, draft: RECURRENT });
    },
    {
      message: /^--speculative-draft-model-path is Lfm2ForCausalLM, whose layers keep/,
    },
  );
  t.end();
});
