import t from 'tap';

import { goldenNames, largestError, prepareGolden, readGolden } from './golden.js';
import { GraphRunner } from './run-graph.js';

const TOLERANCE = 1e-4;

for (const name of await goldenNames()) {
  t.test(`${name}: f32 agrees with transformers`, async (t) => {
    const { inputIds, logprobs } = await readGolden(name);
    const runner = await GraphRunner.create(await prepareGolden(name));

    const whole = await runner.prefill(0, 0, inputIds);
    t.ok(
      largestError(whole, logprobs) < TOLERANCE,
      `whole prefill: ${largestError(whole, logprobs)}`,
    );
  });
}
