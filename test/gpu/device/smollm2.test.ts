/** A real model in four bits on a GPU; on a software driver a token takes a second. */
import { generate } from '../../e2e/client.js';
import { gpuTest, greedy, startOnGpu } from './gpu-server.js';

/** The folder of a real SmolLM2-135M-Instruct: see test/real/fetch-model.sh. */
const model = process.env['RADISH_TEST_MODEL'] ?? '';

gpuTest('SmolLM2-135M-Instruct in int4 knows the capital of France', async (t) => {
  if (model === '') {
    t.plan(0, 'RADISH_TEST_MODEL is not set');
    return;
  }
  const flags = ['--model-path', model, '--quantization', 'int4', '--max-total-tokens', '512'];
  const radish = await startOnGpu(t, flags);
  const { text } = await generate(radish.url, greedy('The capital of France is', 4));
  t.match(text, /Paris/);
});
