import { Tensor } from 'onnxruntime-node';
import t from 'tap';

import { expertsName } from '../../../../src/model/graph/contract.js';
import { firstDifference } from '../bit-checks.js';
import { goldenNames, prepareGolden, readGolden } from '../golden.js';
import { GraphRunner } from '../run-graph.js';

const ROWS_MAX = 33;

for (const name of await goldenNames()) {
  if ((await readGolden(name)).experts === undefined) continue;
  t.test(`${name}: reports the experts that transformers chooses`, async (t) => {
    const { inputIds, experts = {} } = await readGolden(name);
    const model = await prepareGolden(name);
    const { moe } = model.spec;
    t.same(moe?.layers.map(String), Object.keys(experts), 'the layers that route');
    const topK = moe?.topK ?? 0;
    const taken = new Map<number, BigInt64Array>();
    const runner = await GraphRunner.create(model, {
      extraOutputs: (numTokens) => {
        const outputs = (moe?.layers ?? []).map((layer) => {
          const ids = new BigInt64Array(numTokens * topK);
          taken.set(layer, ids);
          return [expertsName(layer), new Tensor('int64', ids, [numTokens, topK])] as const;
        });
        return Object.fromEntries(outputs);
      },
    });
    const evenIds = inputIds.slice(0, inputIds.length - (inputIds.length % 2));
    await runner.prefill(0, 0, evenIds, [0]);
    for (const [layer, ids] of taken) {
      const expected = experts[layer]?.slice(0, evenIds.length).flat();
      t.same(Array.from(ids, Number), expected, `layer ${layer}`);
    }
  });

  t.test(`${name}: an expert's row has the same bits alone and among up to 33`, async (t) => {
    const { inputIds } = await readGolden(name);
    const runner = await GraphRunner.create(await prepareGolden(name), { slots: ROWS_MAX });
    await runner.extend(0, 0, inputIds.slice(0, 4), null);
    for (let slot = 1; slot < ROWS_MAX; slot++) runner.copySlot(0, slot);
    const row = { token: inputIds[4] ?? 0, position: 4 };
    const [alone] = await runner.decode([row]);
    for (let count = 2; count <= ROWS_MAX; count++) {
      const rows = await runner.decode(new Array<typeof row>(count).fill(row));
      const expected = new Array<Float32Array | undefined>(count).fill(alone);
      t.equal(firstDifference(rows, expected as Float32Array[]), null, `${count} rows`);
    }
  });
}
