/** A real model in four bits on a GPU; on a software driver a token takes a second. */
import { gpuTest, startOnGpu } from './gpu-server.js';

/** The folder of a real SmolLM2-135M-Instruct: see test/real/fetch-model.sh. */
const model = process.env['RADISH_TEST_MODEL'] ?? '';

gpuTest('SmolLM2-135M-Instruct in int4 knows the capital of France', async (t) => {
  if (model === '') {
    t.plan(0, 'RADISH_TEST_MODEL is not set');
    return;
  }
  const flags = ['--model-path', model, '--quantization', 'int4', '--max-total-tokens', '512'];
  const radish = await startOnGpu(t, flags);
  const answer = await fetch(`${radish.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'any',
      temperature: 0,
      max_tokens: 10,
      messages: [{ role: 'user', content: 'What is the capital of France?' }],
    }),
  });
  t.match(await answer.json(), {
    choices: [{ message: { content: /capital of France is Paris/ } }],
  });
});
