import t, { type Test } from 'tap';

import type { PreparedModel } from '../../../../src/model/graph/contract.js';
import { goldenNames, largestError, latentNames, prepareGolden, readGolden } from '../golden.js';
import { GraphRunner } from '../run-graph.js';

const TOLERANCE = 1e-4;

for (const name of await goldenNames()) {
  t.test(`${name}: f32 agrees with transformers`, async (t) => {
    await checkAgreement(t, name, await prepareGolden(name));
  });
}

for (const name of await latentNames()) {
  t.test(`${name}: so it does with keys and values of all heads`, async (t) => {
    const model = await prepareGolden(name, null, { expandsLatents: true });
    t.equal(model.spec.kvLayers, undefined);
    await checkAgreement(t, name, model);
  });
}

async function checkAgreement(t: Test, name: string, model: PreparedModel): Promise<void> {
  const { inputIds, logprobs } = await readGolden(name);
  const runner = await GraphRunner.create(model, { slots: 3 });
  const check = (what: string, rows: readonly Float32Array[], first = 0): void => {
    const error = largestError(rows, logprobs.slice(first));
    t.ok(error < TOLERANCE, `${what} (largest error ${error})`);
  };

  check('prefill in one run', await runner.extend(0, 0, inputIds, null));
  for (const chunk of [1, 2, 5, 16, 31]) {
    const rows = await runner.prefillInChunks(1, inputIds, chunk);
    check(`prefill in chunks of ${chunk}`, rows);
  }

  const numPrompt = 6;
  await runner.prefill(2, 0, inputIds.slice(0, numPrompt));
  runner.copySlot(2, 0);
  const decoded: Float32Array[] = [];
  for (const [at, token] of inputIds.slice(numPrompt).entries()) {
    decoded.push(...(await runner.decode([{ token, position: numPrompt + at }])));
  }
  check('decode row by row after a short prompt', decoded, numPrompt);
}
