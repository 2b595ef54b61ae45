import { readFile } from 'node:fs/promises';
import t, { type Test } from 'tap';

import { findModel, type FindModelOptions } from '../../../../src/model/source/find-model.js';
import { hubGguf } from '../../../../src/model/source/hub-gguf.js';
import { HubStub } from '../../../doubles/hub-stub.js';

const REPO = 'acme/tiny-GGUF';
const NAMES = [
  'tiny-Q4_0.gguf',
  'tiny-Q4_K_M.gguf',
  'mmproj-Q8_0.gguf',
  'tiny-Q8_0-00001-of-00002.gguf',
  'tiny-Q8_0-00002-of-00002.gguf',
  'tiny-BF16-00001-of-00002.gguf',
  'more/tiny.IQ4_XS.gguf',
];
const FILES = new Map([
  ['config.json', Buffer.from('{}')],
  ...NAMES.map((name) => [name, Buffer.from(name)] as const),
]);
const quick = { progress: () => undefined, retryDelayMs: 1 };

async function hub(t: Test) {
  const stub = new HubStub(REPO, FILES);
  const endpoint = await stub.listen();
  t.teardown(() => stub.close());
  const options: FindModelOptions = {
    modelPath: REPO,
    revision: null,
    hubCacheDir: t.testdir({}),
    endpoint,
    token: null,
    offline: false,
  };
  const find = (modelPath: string, offline = false) =>
    findModel({ ...options, modelPath, offline }, quick);
  return { stub, find };
}

t.test('what names a file of a repository', (t) => {
  t.same(hubGguf('a/b/c.gguf'), { repo: 'a/b', wanted: { file: 'c.gguf' } });
  t.same(hubGguf('a/b/c/d.gguf'), { repo: 'a/b', wanted: { file: 'c/d.gguf' } });
  t.same(hubGguf('a/b:Q4_K_M'), { repo: 'a/b', wanted: { quant: 'Q4_K_M' } });
  for (const other of [
    'a/b',
    'c.gguf',
    'a/b/../c.gguf',
    '../a/b.gguf',
    'a/b:',
    'a/b:../x',
    'a:b:c',
  ]) {
    t.equal(hubGguf(other), null, other);
  }
  t.end();
});

t.test('one file is downloaded, and found in the cache from then on', async (t) => {
  const { find, stub } = await hub(t);
  for (const [name, file] of [
    [`${REPO}:q4_k_m`, 'tiny-Q4_K_M.gguf'],
    [`${REPO}:IQ4_XS`, 'more/tiny.IQ4_XS.gguf'],
    [`${REPO}/tiny-Q4_0.gguf`, 'tiny-Q4_0.gguf'],
  ] as const) {
    const found = await find(name);
    t.equal(found.from, 'hub');
    t.ok(found.folder.endsWith(`/${file}`), found.folder);
    t.equal(await readFile(found.folder, 'utf8'), file);
    const asked = stub.requests.length;
    t.same(await find(name, true), { folder: found.folder, from: 'cache' });
    t.equal(stub.requests.length, asked);
  }
  t.notOk(stub.requests.some((request) => JSON.stringify(request).includes('mmproj')));
});

t.test('all parts of a split file come with it', async (t) => {
  const { find } = await hub(t);
  const { folder } = await find(`${REPO}:Q8_0`);
  t.match(folder, /tiny-Q8_0-00001-of-00002\.gguf$/);
  const second = folder.replace('00001-of', '00002-of');
  t.equal(await readFile(second, 'utf8'), 'tiny-Q8_0-00002-of-00002.gguf');
});

t.test('what is not there is said with what is', async (t) => {
  const { find } = await hub(t);
  await t.rejects(find(`${REPO}:Q2_K`), {
    message: /has no GGUF file of Q2_K.*It has .*tiny-Q4_0\.gguf/,
  });
  await t.rejects(find(`${REPO}:BF16`), { message: /or not all of it/ });
  await t.rejects(find(`${REPO}/none.gguf`), { message: /has no none\.gguf/ });
  await t.rejects(find(`${REPO}:Q4_0`, true), { code: 'offline' });
});
