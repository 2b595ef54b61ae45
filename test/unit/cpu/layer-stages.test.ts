import t from 'tap';

import { roundLayer } from '../../../src/cpu/round-layer.js';
import { OrtSession, tensorOf } from '../../../src/device/ort.js';
import { readDecoder } from '../../../src/model/families/registry.js';
import { normStage, STAGE } from '../../../src/model/graph/layer-stages.js';
import { hasPlainLayers } from '../../../src/model/plan/facts.js';
import { prepareModel } from '../../../src/model/prepare-model.js';
import { unpackedCheckpoint } from '../../../src/model/quantize/unpacked-weights.js';
import { openSource } from '../../../src/model/source/registry.js';
import { plainWeights } from '../../../src/model/weights/plain-weights.js';
import { BUILD_DEPS } from '../../doubles/build-deps.js';
import { goldenFolder, goldenNames, readGolden } from '../model/golden.js';

const OPTIONS = { numThreads: 1, spinning: false };

/** `[T, hidden]`: what transformers calls the hidden state behind the last norm, layer by layer in stages. */
async function hiddenInStages(name: string, ids: readonly number[]): Promise<Float32Array> {
  const folder = goldenFolder(name);
  const { config, plan } = readDecoder(await openSource(folder).config());
  const { checkpoint } = await prepareModel(
    { folder, quantization: 'none', loadFormat: 'auto', contextLength: null },
    BUILD_DEPS,
  );
  const unpacked = await unpackedCheckpoint(plan, { checkpoint, isKept: false }, BUILD_DEPS);
  const store = plainWeights(plan, unpacked.checkpoint);
  const texts = [Int32Array.from(ids)];
  let stream: Float32Array | null = null;
  for (const { index } of plan.layers) {
    const place = { folder: store.folder, map: store.map };
    const task = { config, plan, ...place, index, linears: [], texts, stream, journal: null };
    stream = await roundLayer(task, OPTIONS);
  }
  if (stream === null) throw new Error('no layers');
  const graph = normStage({ config, plan, store }, plan.finalNorm);
  const session = await OrtSession.create({ graph, weightsFolder: store.folder }, OPTIONS);
  const shape = [1, ids.length, config.hiddenSize];
  const feeds = { [STAGE.stream]: tensorOf('float32', stream, shape) };
  const { [STAGE.output]: output } = await session.fetch(feeds, [STAGE.output]);
  await session.release();
  return output?.data as Float32Array;
}

for (const name of await goldenNames()) {
  const { plan } = readDecoder(await openSource(goldenFolder(name)).config());
  // Other layers have no stages: such a model is rounded to nearest.
  if (!hasPlainLayers(plan)) continue;
  t.test(`${name}: a layer in stages is the layer`, async (t) => {
    const { inputIds, hidden } = await readGolden(name);
    const states = await hiddenInStages(name, inputIds);
    const width = states.length / inputIds.length;
    for (const [position, wanted] of Object.entries(hidden)) {
      const first = Number(position) * width;
      const most = Math.max(...wanted.map((x, i) => Math.abs(x - (states[first + i] ?? NaN))));
      t.ok(most < 1e-3, `position ${position}: ${most}`);
    }
  });
}
