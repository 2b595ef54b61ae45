import t from 'tap';
import { withoutSharedRows } from '../../../src/boot/recurrent-state.js';
import { loadServerArgs } from '../../../src/config/load.js';
import type { ServerArgs } from '../../../src/config/server-args.js';

const ARGS: ServerArgs = loadServerArgs(new Map(), null, {}).args;
const PLAIN = { architecture: 'LlamaForCausalLM', state: null };
const RECURRENT = { architecture: 'Lfm2ForCausalLM', state: { kvLayers: [0], tensors: [] } };

t.test('a model without a state has its arguments as they are', (t) => {
  const args: ServerArgs = { ...ARGS, speculativeAlgorithm: 'NGRAM' };
  t.same(withoutSharedRows(args, { spec: PLAIN, draft: PLAIN }), { args, note: null });
  t.end();
});

t.test('a recurrent one shares no prefixes, and says so', (t) => {
  const { args, note } = withoutSharedRows(ARGS, { spec: RECURRENT, draft: null });
  t.notOk(ARGS.disableRadixCache);
  t.same(args, { ...ARGS, disableRadixCache: true });
  t.match(note, /^Prefix cache: off.* Lfm2ForCausalLM keeps a recurrent state/);
  t.end();
});

t.test('it does not speculate, and drafts for nobody', (t) => {
  const args: ServerArgs = { ...ARGS, speculativeAlgorithm: 'NGRAM' };
  const models = { spec: RECURRENT, draft: null };
  t.throws(() => withoutSharedRows(args, models), {
    message: /^--speculative-algorithm NGRAM is not possible with Lfm2ForCausalLM: /,
  });
  const deterministic = { ...args, enableDeterministicInference: true };
  t.doesNotThrow(() => withoutSharedRows(deterministic, models), 'which turns it off');
  t.throws(() => withoutSharedRows(args, { spec: PLAIN, draft: RECURRENT }), {
    message: /^--speculative-draft-model-path is Lfm2ForCausalLM, whose layers keep/,
  });
  t.end();
});
