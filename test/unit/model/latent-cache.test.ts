import t from 'tap';

import { kvBytesPerToken, kvLayersOf, type ModelSpec } from '../../../src/core/model-spec.js';
import type { CalibrateKv } from '../../../src/model/kv-scales.js';
import { prepareModel, type PrepareOptions } from '../../../src/model/prepare-model.js';
import { ON_CPU } from '../../../src/model/target.js';
import { BUILD_DEPS } from '../../doubles/build-deps.js';
import { goldenFolder } from './golden.js';

/** Of a cache of floats with the sizes of `spec`. */
const calibrateKv: CalibrateKv = ({ model: { spec } }) =>
  Promise.resolve(
    kvLayersOf(spec).map(({ numKvHeads, headDim }) => ({
      key: new Array<number>(numKvHeads * headDim).fill(1),
      value: 1,
    })),
  );

async function specOf(name: string, asked: Partial<PrepareOptions> = {}): Promise<ModelSpec> {
  const folder = goldenFolder(name);
  const plain = { quantization: 'none', loadFormat: 'auto', contextLength: null } as const;
  return (await prepareModel({ folder, ...plain, ...asked }, { ...BUILD_DEPS, calibrateKv })).spec;
}

t.test('a token takes its latent and what turns of k, once a layer', async (t) => {
  const spec = await specOf('deepseek-v2-rank');
  t.strictSame(kvLayersOf(spec), [
    { layer: 0, numKvHeads: 1, headDim: 136 + 8, keysAreValues: true },
  ]);
  t.equal(kvBytesPerToken(spec), (136 + 8) * 4);
});

t.test('heads are expanded where a token is to take keys and values of all of them', async (t) => {
  const spec = await specOf('deepseek-v2-rank', { expandsLatents: true });
  // Heads of 20 dimensions, padded.
  t.strictSame(kvLayersOf(spec), [{ layer: 0, numKvHeads: 2, headDim: 32 }]);
  t.equal(kvBytesPerToken(spec), 2 * 2 * 32 * 4);
});

const EXPANDED: Readonly<Record<string, Partial<PrepareOptions>>> = {
  'integers are asked for': { device: { ...ON_CPU, kvCacheDtype: 'int8' } },
  'pages lie on a GPU': {
    device: { ...ON_CPU, device: 'webgpu', kvCacheDtype: 'auto' },
  },
  'adapters may change any linear': { lora: 'all' },
};

for (const [why, asked] of Object.entries(EXPANDED)) {
  t.test(`so they are where ${why}`, async (t) => {
    const spec = await specOf('deepseek-v2-rank', asked);
    t.equal(spec.numKvHeads, 2);
    t.equal(spec.kvLayers, undefined);
  });
}
