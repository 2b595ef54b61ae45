import { join } from 'node:path';
import t from 'tap';

import { LoraStore } from '../../../../src/device/lora/lora-store.js';
import { prepareModel, type PreparedCheckpoint } from '../../../../src/model/prepare-model.js';
import { BUILD_DEPS } from '../../../doubles/build-deps.js';
import { firstDifference } from '../bit-checks.js';
import { LARGEST_KL, meanKl } from '../kept-kl.js';
import { GraphRunner } from '../run-graph.js';
import { readFor, readLoraGolden } from './lora-golden.js';

/** The base of the adapters, in blocks with a minimum. */
const FILE = join('test', 'fixtures', 'gguf', 'models', 'llama-blocks-q4_1_m.gguf');

function prepare(quantization: 'none' | 'int4'): Promise<PreparedCheckpoint> {
  return prepareModel(
    { folder: FILE, quantization, loadFormat: 'gguf', contextLength: null, lora: 'all' },
    BUILD_DEPS,
  );
}

t.test('adapters beside blocks that are kept give what they give beside floats', async (t) => {
  const { inputIds } = await readLoraGolden('blocks-all');
  const runnerOf = async (quantization: 'none' | 'int4', adapter: number): Promise<GraphRunner> => {
    const model = await prepare(quantization);
    const store = new LoraStore(model.spec.lora ?? []);
    store.load(1, await readFor(model, 'blocks-all'));
    return GraphRunner.create(model, { slots: 2, lora: { store, of: () => adapter } });
  };
  const kept = await runnerOf('int4', 1);
  const rows = await kept.extend(0, 0, inputIds, null);
  const floats = await (await runnerOf('none', 1)).extend(0, 0, inputIds, null);
  const kl = meanKl(rows, floats);
  t.ok(kl > 0 && kl < LARGEST_KL, `KL ${kl}`);
  const without = await (await runnerOf('int4', 0)).extend(0, 0, inputIds, null);
  t.ok(meanKl(without, floats) > 10 * kl, 'they change the answers');
  const chunked = await kept.prefillInChunks(1, inputIds, 3);
  t.equal(firstDifference(chunked, rows), null, 'in chunks');
});
