import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { readSentenceModules } from '../../../../src/model/pooled/sentence-modules.js';
import { openSource } from '../../../../src/model/source/registry.js';

interface Module {
  readonly type: string;
  readonly config?: object;
}

/** Reads a folder with these modules, each in `<index>_<type>`. */
async function read(t: Test, modules: readonly Module[]) {
  const list = modules.map(({ type, config }, index) => ({
    idx: index,
    path: config === undefined ? '' : `${index}_${type}`,
    type: `sentence_transformers.models.${type}`,
  }));
  const folder = t.testdir({ 'modules.json': JSON.stringify(list) });
  for (const [index, { type, config }] of modules.entries()) {
    const path = join(folder, `${index}_${type}`);
    await mkdir(path);
    if (config !== undefined) await writeFile(join(path, 'config.json'), JSON.stringify(config));
  }
  return readSentenceModules(openSource(folder));
}

const TRANSFORMER = { type: 'Transformer' };

t.test('pooling is read in its old and its new form', async (t) => {
  const forms = [
    [{ pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }, ['cls']],
    [{ pooling_mode_mean_tokens: true }, ['mean']],
    // sentence-transformers takes the mean unless it is told not to.
    [{}, ['mean']],
    [{ pooling_mode_lasttoken: true }, ['mean', 'last']],
    [{ pooling_mode_lasttoken: true, pooling_mode_mean_tokens: false }, ['last']],
    [{ pooling_mode_max_tokens: true, pooling_mode_cls_token: true }, ['cls', 'max', 'mean']],
    [{ pooling_mode: 'mean' }, ['mean']],
    [{ pooling_mode: 'CLS' }, ['cls']],
    [{ pooling_mode: 'lasttoken', pooling_mode_max_tokens: true }, ['last']],
    [{ pooling_mode: 'mean_sqrt_len_tokens' }, ['mean_sqrt_len']],
    [{ pooling_mode: ['weightedmean', 'cls'] }, ['weightedmean', 'cls']],
  ] as const;
  for (const [config, pooling] of forms) {
    const modules = await read(t, [TRANSFORMER, { type: 'Pooling', config }]);
    t.same(
      modules,
      { transformer: '', pooling, after: [], isSparse: false },
      JSON.stringify(config),
    );
  }
});

t.test('a sparse encoder takes the largest score of each word', async (t) => {
  const splade = (config: object) => ({ type: 'SpladePooling', config });
  const weight = { kind: 'log1p_relu' };
  for (const trunk of [{ type: 'MLMTransformer' }, TRANSFORMER]) {
    const modules = await read(t, [trunk, splade({ pooling_strategy: 'max' })]);
    t.same(modules, { transformer: '', pooling: ['max'], after: [weight], isSparse: true });
  }
  const twice = await read(t, [TRANSFORMER, splade({ activation_function: 'log1p_relu' })]);
  t.same(twice?.after, [weight, weight]);
  await t.rejects(read(t, [TRANSFORMER, splade({ pooling_strategy: 'sum' })]), {
    message: /"pooling_strategy" must be "max"/,
  });
});

t.test('Dense and Normalize follow in order', async (t) => {
  const pooling = { type: 'Pooling', config: { pooling_mode_mean_tokens: true } };
  const dense = (activation: string) => ({
    type: 'Dense',
    config: { in_features: 32, out_features: 8, bias: false, activation_function: activation },
  });
  const normalize = { type: 'Normalize' };
  const identity = dense('torch.nn.modules.linear.Identity');
  const modules = await read(t, [TRANSFORMER, pooling, identity, normalize]);
  t.same(modules?.after, [
    { kind: 'dense', path: '2_Dense', in: 32, out: 8, bias: false, activation: 'identity' },
    { kind: 'normalize' },
  ]);
  const prelu = dense('torch.nn.modules.activation.PReLU');
  t.match((await read(t, [TRANSFORMER, pooling, prelu]))?.after, [{ activation: 'prelu' }]);
  const rrelu = dense('torch.nn.modules.activation.RReLU');
  await t.rejects(read(t, [TRANSFORMER, pooling, rrelu]), { message: /"activation_function"/ });
  const norm = { type: 'LayerNorm', config: { dimension: 32 } };
  t.same((await read(t, [TRANSFORMER, pooling, norm]))?.after, [
    { kind: 'layer_norm', path: '2_LayerNorm', dim: 32 },
  ]);
  await t.rejects(read(t, [TRANSFORMER, norm, pooling]), { message: /then one Pooling/ });
  const dropout = { type: 'Dropout', config: { dropout: 0.1 } };
  t.same((await read(t, [TRANSFORMER, pooling, dropout]))?.after, [], 'only training drops out');
});

t.test('a folder without modules.json has none', async (t) => {
  t.equal(await readSentenceModules(openSource(t.testdir({}))), null);
});

t.test('what cannot be computed is refused', async (t) => {
  const pooling = (config: object) => read(t, [TRANSFORMER, { type: 'Pooling', config }]);
  const nothing = { pooling_mode_mean_tokens: false };
  await t.rejects(pooling(nothing), { message: /Pooling by nothing/ });
  await t.rejects(pooling({ pooling_mode: 'sum' }), { message: /one of cls, max, mean/ });
  const pooled = { type: 'Pooling', config: {} };
  await t.rejects(read(t, [TRANSFORMER]), { message: /must have a Pooling/ });
  await t.rejects(read(t, []), { message: /a Transformer first/ });
  await t.rejects(read(t, [TRANSFORMER, pooled, pooled]), {
    message: /modules\.json\[2\]: "type"/,
  });
  await t.rejects(read(t, [TRANSFORMER, { type: 'Normalize' }, pooled]), {
    message: /\[1\]: "type"/,
  });
  await t.rejects(read(t, [TRANSFORMER, { type: 'Pooling' }]), {
    message: /config\.json is missing/,
  });
  await t.rejects(read(t, [{ type: 'Other' }]), { message: /"type" must be/ });
  for (const type of ['CNN', 'LSTM', 'WordWeights', 'WeightedLayerPooling', 'Router']) {
    const message = new RegExp(`the module ${type} .*not supported; supported are Transformer`);
    await t.rejects(read(t, [TRANSFORMER, { type, config: {} }, pooled]), { message });
    await t.rejects(read(t, [TRANSFORMER, pooled, { type, config: {} }]), { message });
  }
  for (const type of ['WordEmbeddings', 'StaticEmbedding', 'BoW', 'CLIPModel', 'Asym'])
    await t.rejects(read(t, [{ type }, pooled]), { message: new RegExp(`the module ${type} `) });
  for (const path of ['../x', 'a/../../x', 'a//b', '..', 'a\0b']) {
    const outside = [{ path, type: 'sentence_transformers.models.Transformer' }];
    const folder = t.testdir({ 'modules.json': JSON.stringify(outside) });
    await t.rejects(readSentenceModules(openSource(folder)), { message: /"path" must be/ }, path);
  }
  const broken = t.testdir({ 'modules.json': '[' });
  await t.rejects(readSentenceModules(openSource(broken)), { message: /not valid JSON/ });
});
