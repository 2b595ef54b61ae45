import t from 'tap';

import { goldenNames, largestError, prepareGolden, readGolden } from '../golden.js';
import { GraphRunner } from '../run-graph.js';

const TOLERANCE = 1e-4;

for (const name of await goldenNames()) {
  t.test(`${name}: f32 agrees with transformers`, async (t) => {
    const { inputIds, logprobs } = await readGolden(name);
    const runner = await GraphRunner.create(await prepareGolden(name), { slots: 3 });
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
  });
}
