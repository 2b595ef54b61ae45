import t from 'tap';

import { GRAPH_INPUTS, GRAPH_OUTPUTS } from '../../../../src/model/graph/contract.js';
import { largestError, prepareGolden, readGolden } from '../golden.js';
import { GraphRunner } from '../run-graph.js';

t.test('an odd prompt may fill the context', async (t) => {
  const { inputIds, logprobs } = await readGolden('llama-plain');
  t.equal(inputIds.length % 2, 1);
  const model = await prepareGolden('llama-plain', inputIds.length);
  t.equal(model.spec.contextLength, inputIds.length);
  const runner = await GraphRunner.create(model, { maxSeq: inputIds.length + 2 });
  t.ok(largestError(await runner.extend(0, 0, inputIds, null), logprobs) < 1e-4);
});

t.test('declares the inputs and outputs of graph/contract.ts, stop_copy first', async (t) => {
  const { session } = await GraphRunner.create(await prepareGolden('qwen2-moe'));
  t.same(session.inputNames, [
    ...Object.values(GRAPH_INPUTS),
    'past.0.key',
    'past.0.value',
    'past.1.key',
    'past.1.value',
  ]);
  t.same(session.outputNames, [
    ...Object.values(GRAPH_OUTPUTS),
    'present.0.key',
    'present.0.value',
    'present.1.key',
    'present.1.value',
    'experts.0',
    'experts.1',
  ]);
});

t.test(
  'the top values are the largest log-probabilities, and temperature divides logits',
  async (t) => {
    const { inputIds } = await readGolden('qwen2');
    const model = await prepareGolden('qwen2');
    const { vocabSize } = model.spec;
    const rows = await GraphRunner.create(model);
    const at = inputIds.length - 2;
    await rows.extend(0, 0, inputIds.slice(0, at), null);
    const step = await rows.runAll(inputIds[at] ?? 0, at, 2);
    t.same([step.logits.length, step.topValues.length], [vocabSize, 64]);
    const scaled = step.logits.map((logit) => logit / 2);
    const logSum = Math.log(scaled.reduce((sum, logit) => sum + Math.exp(logit), 0));
    const expected = Array.from(scaled, (logit) => logit - logSum);
    t.ok(largestError([step.logprobs], [expected]) < 1e-5);
    const ranked = [...step.logprobs].sort((a, b) => b - a).slice(0, 64);
    t.same([...step.topValues], ranked);
    t.same(
      Array.from(step.topIds, (id) => step.logprobs[Number(id)]),
      ranked,
    );
  },
);
