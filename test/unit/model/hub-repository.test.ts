import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';

import { folderFiles } from '../../../src/core/named-files.js';
import { openEmbedDevice } from '../../../src/device/embed/embed-device.js';
import { prepareModel } from '../../../src/model/prepare-model.js';
import { findModel } from '../../../src/model/source/find-model.js';
import { HubStub } from '../../doubles/hub-stub.js';
import { goldenFolder } from './golden.js';
import { pooledFolder, pooledNames, preparePooled, readPooledGolden } from './pooled-golden.js';
import { GraphRunner } from './run-graph.js';
import { Tokenizer } from '../../../src/text/tokenizer.js';

const REPO = 'acme/model';
const TINY = fileURLToPath(new URL('../../../../config/tiny', import.meta.url));
const quick = { progress: () => undefined, retryDelayMs: 1 };

/** Every file below a folder, by its path there. */
async function filesOf(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile());
  const files = paths.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [relative(folder, path), await readFile(path)] as const;
  });
  return new Map(await Promise.all(files));
}

async function hubOf(test: Test, files: ReadonlyMap<string, Buffer>) {
  const stub = new HubStub(REPO, files);
  const endpoint = await stub.listen();
  test.teardown(() => stub.close());
  const options = {
    modelPath: REPO,
    revision: null,
    hubCacheDir: test.testdir({}),
    endpoint,
    token: null,
    offline: false,
  };
  return { stub, options };
}

async function vectorsOf(folder: string, name: string): Promise<Float32Array> {
  const { isEmbedding, sequences } = await readPooledGolden(name);
  const model = await preparePooled(folder, isEmbedding);
  if (model.spec.embedding === null) throw new Error(`${name} does not embed`);
  const ort = { numThreads: 1, spinning: false };
  const device = await openEmbedDevice(model, model.spec.embedding, ort);
  const plan = {
    step: 1,
    sequences: sequences.map(({ tokens }) => ({
      tokens: Int32Array.from(tokens),
      tokenTypes: null,
    })),
    recordsExperts: false,
  };
  const { vectors } = await device.runner.execute(plan, () => undefined);
  await device.release();
  return vectors;
}

for (const name of await pooledNames()) {
  t.test(`${name}: the repository gives the vectors of its folder, to the bit`, async (t) => {
    const { options } = await hubOf(t, await filesOf(pooledFolder(name)));
    const { folder, from } = await findModel(options, quick);
    t.equal(from, 'hub');
    t.same(await vectorsOf(folder, name), await vectorsOf(pooledFolder(name), name));
    t.equal((await findModel(options, quick)).from, 'cache');
  });
}

for (const name of ['llama-plain', 'qwen2-moe', 'gemma2']) {
  t.test(`${name}: the repository gives the tokens of its folder`, async (t) => {
    const { options } = await hubOf(t, await filesOf(goldenFolder(name)));
    const { folder } = await findModel(options, quick);
    const logprobs = async (path: string) => {
      const model = await prepareModel(
        { folder: path, quantization: 'none', loadFormat: 'auto', contextLength: null },
        {
          runJob: () => Promise.reject(new Error('no job is needed')),
          cacheDir: '/nonexistent',
          temporaryDir: '/nonexistent',
          warn: () => undefined,
          progress: () => undefined,
        },
      );
      const runner = await GraphRunner.create(model);
      return runner.prefill(0, 0, [3, 1, 4, 1, 5, 9]);
    };
    t.same(await logprobs(folder), await logprobs(goldenFolder(name)));
  });
}

t.test('tokenizers and chat templates come along, in whichever folder they lie', async (t) => {
  const tiny = [...(await filesOf(TINY))].filter(([path]) => !path.endsWith('.py'));
  const files = new Map([
    ...tiny,
    ['additional_chat_templates/tool_use.jinja', Buffer.from('tools')] as const,
    ['chat_template.jinja', Buffer.from('own')] as const,
    ['tokenizer.model', Buffer.from('pieces')] as const,
    ['onnx/model.onnx', Buffer.from('never')] as const,
    ['onnx/config.json', Buffer.from('never')] as const,
    ['.hidden.json', Buffer.from('never')] as const,
    ['README.md', Buffer.from('never')] as const,
  ]);
  const { options, stub } = await hubOf(t, files);
  const { folder } = await findModel(options, quick);
  for (const [path, content] of files) {
    const got = await readFile(join(folder, path)).catch(() => null);
    t.same(got, content.equals(Buffer.from('never')) ? null : content, path);
  }
  const [own, theirs] = await Promise.all([
    Tokenizer.load(folderFiles(TINY)),
    Tokenizer.load(folderFiles(folder)),
  ]);
  const text = 'The capital of France is';
  t.same(await theirs.encode(text, true), await own.encode(text, true));
  t.notOk(stub.requests.some(({ path }) => /onnx|README|hidden/.test(path)));
});

t.test('what another program left in the cache is completed before it is used', async (t) => {
  const name = 'st-all';
  const all = await filesOf(pooledFolder(name));
  const { options, stub } = await hubOf(t, all);
  // transformers reads the network of a folder, and never its modules.json.
  const base = join(options.hubCacheDir, 'models--acme--model');
  const snapshot = join(base, 'snapshots', HubStub.commit);
  const copy = async (path: string, to = path) => {
    await mkdir(join(snapshot, dirname(to)), { recursive: true });
    await writeFile(join(snapshot, to), all.get(path) ?? '');
  };
  await copy('0_Transformer/config.json', 'config.json');
  await copy('0_Transformer/model.safetensors', 'model.safetensors');
  await mkdir(join(base, 'refs'));
  await writeFile(join(base, 'refs', 'main'), HubStub.commit);
  const warnings: string[] = [];
  const deps = { ...quick, warn: (line: string) => warnings.push(line) };
  const alone = await findModel({ ...options, offline: true }, deps);
  t.same(alone, { folder: snapshot, from: 'cache' });
  t.match(warnings, [/may lack files .* such as modules\.json/]);
  const unreachable = { ...options, endpoint: 'http://127.0.0.1:1' };
  t.equal((await findModel(unreachable, deps)).from, 'cache');
  t.equal(stub.requests.length, 0);
  const found = await findModel(options, deps);
  t.equal(found.from, 'hub');
  t.same(await vectorsOf(found.folder, name), await vectorsOf(pooledFolder(name), name));
  t.equal((await findModel(unreachable, deps)).from, 'cache');
  t.equal(warnings.length, 2);
  await rm(join(snapshot, '1_Pooling', 'config.json'));
  t.equal((await findModel(options, deps)).from, 'hub', 'a part that lacks its config is fetched');
});

t.test('a part with other weights only is refused, and a path stays in its snapshot', async (t) => {
  const all = await filesOf(pooledFolder('bert-dense'));
  const pickled = new Map(all);
  pickled.delete('2_Dense/model.safetensors');
  pickled.set('2_Dense/pytorch_model.bin', Buffer.from('never'));
  const { options } = await hubOf(t, pickled);
  await t.rejects(findModel(options, quick), {
    code: 'unsafe_format',
    message: /2_Dense\/pytorch_model\.bin is pickled/,
  });
  const outside = new Map([...all, ['../../outside.json', Buffer.from('{}')] as const]);
  const second = await hubOf(t, outside);
  const { folder } = await findModel(second.options, quick);
  t.notOk(await readFile(join(folder, '../../outside.json')).catch(() => null));
});

t.test('a pipe in the cache is neither waited for nor kept', async (t) => {
  const { options } = await hubOf(t, await filesOf(pooledFolder('bert-mean')));
  const { folder } = await findModel(options, quick);
  await rm(join(folder, 'modules.json'));
  await symlink('/proc/kmsg', join(folder, 'modules.json'));
  await t.rejects(preparePooled(folder), { message: /modules\.json/ });
});
