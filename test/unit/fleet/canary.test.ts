import { MessageChannel } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { RESULT_FAILED, type EmbedResult, type StepResult } from '../../../src/core/batch.js';
import type { ModelSpec } from '../../../src/core/model-spec.js';
import { runCanary } from '../../../src/fleet/canary.js';
import type { FromDevice, ToDevice } from '../../../src/messages.js';
import { LIMITS, modelIn } from './fleet-rig.js';

const { spec } = modelIn('any');
const EMBEDDER: ModelSpec = {
  ...spec,
  embedding: {
    kind: 'embedding',
    dim: 2,
    pooling: ['mean'],
    normalize: true,
    matryoshka: null,
    labels: null,
    squashes: false,
  },
};

/** The canary on a device that answers as `answer` says, and what the device was sent. */
async function canary(
  t: Test,
  model: ModelSpec,
  answer: (message: ToDevice) => unknown,
  limits = LIMITS,
): Promise<readonly ToDevice[]> {
  const { port1, port2 } = new MessageChannel();
  t.teardown(() => {
    port1.close();
  });
  const received: ToDevice[] = [];
  port2.on('message', (message: ToDevice) => {
    received.push(message);
    port2.postMessage(answer(message));
  });
  await runCanary(port1, model, limits);
  return received;
}

function stepDone(...tokens: readonly number[]): FromDevice {
  const result = { tokens: Int32Array.from(tokens) } as unknown as StepResult;
  return { kind: 'stepDone', result };
}

function embedDone(...vectors: readonly number[]): FromDevice {
  const result = { vectors: Float32Array.from(vectors) } as unknown as EmbedResult;
  return { kind: 'embedDone', result };
}

t.test('a prompt and one decode step, which leave the slot free', async (t) => {
  const [prompt, decode, ...more] = await canary(t, spec, () => stepDone(0, 5, 0));
  t.match(prompt, { kind: 'step', plan: { step: 0, opens: [{ slot: 0, promptLen: 4 }] } });
  t.match(prompt, { plan: { maps: [{ slot: 0, fromPage: 0, pages: Int32Array.of(0) }] } });
  t.match(decode, { kind: 'step', plan: { step: 1, frees: [0] } });
  t.same(decode?.kind === 'step' && [...decode.plan.decode], [0, -1, 1]);
  t.same(more, []);
});

t.test('its five rows have pages, however small these are', async (t) => {
  const limits = { ...LIMITS, pageSizeTokens: 2 };
  const [prompt] = await canary(t, spec, () => stepDone(0, 5, 0), limits);
  const maps = prompt?.kind === 'step' ? prompt.plan.maps : [];
  t.same(maps, [{ slot: 0, fromPage: 0, pages: Int32Array.of(0, 1, 2) }]);
});

t.test('its tokens are in any vocabulary', async (t) => {
  const small = { ...spec, vocabSize: 3 };
  const [prompt] = await canary(t, small, () => stepDone(0, 1, 0));
  const tokens = prompt?.kind === 'step' ? [...(prompt.plan.prefill[0]?.tokens ?? [])] : [];
  t.same(tokens, [1, 2, 0, 1]);
});

t.test('no probabilities, in either step', async (t) => {
  const message = 'the new weights give no probabilities';
  const failed = stepDone(0, 5, RESULT_FAILED);
  await t.rejects(
    canary(t, spec, () => failed),
    { message },
  );
  let numSteps = 0;
  const failSecond = () => (numSteps++ === 0 ? stepDone(0, 5, 0) : failed);
  await t.rejects(canary(t, spec, failSecond), { message });
  t.equal(numSteps, 2);
  await t.rejects(
    canary(t, spec, () => stepDone()),
    { message },
    'nor any row',
  );
  await t.rejects(
    canary(t, spec, () => embedDone(1)),
    { message },
    'nor another answer',
  );
});

t.test('an embedding model gives one vector', async (t) => {
  const received = await canary(t, EMBEDDER, () => embedDone(0.5, -0.5));
  t.match(received, [{ kind: 'embed', plan: { step: 0, sequences: [{ tokenTypes: null }] } }]);
  t.equal(received.length, 1);
});

t.test('a vector that is none', async (t) => {
  const message = 'the new weights give a vector that is not finite';
  await t.rejects(
    canary(t, EMBEDDER, () => embedDone(1, NaN)),
    { message },
  );
  await t.rejects(
    canary(t, EMBEDDER, () => embedDone()),
    { message },
  );
});
