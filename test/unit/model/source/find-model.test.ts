import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';

import t, { type Test } from 'tap';

import { findModel, type FindModelOptions } from '../../../../src/model/source/find-model.js';
import { openCheckpoint } from '../../../../src/model/source/safetensors.js';
import { type HubFaults, HubStub } from '../../../doubles/hub-stub.js';
import { f32, safetensorsFile } from '../safetensors-file.js';

const REPO = 'acme/tiny';
const WEIGHTS = safetensorsFile({
  w: f32([64, 256], Float32Array.from({ length: 16384 }, Math.sqrt)),
});
const FILES = new Map([
  ['config.json', Buffer.from('{"a":1}')],
  ['tokenizer.json', Buffer.from('{}')],
  ['README.md', Buffer.from('no')],
  ['pytorch_model.bin', Buffer.from('never')],
  ['model.safetensors', WEIGHTS],
]);

async function hub(test: Test, faults: HubFaults = {}, files = FILES) {
  const stub = new HubStub(REPO, files, faults);
  const endpoint = await stub.listen();
  test.teardown(() => stub.close());
  const options: FindModelOptions = {
    modelPath: REPO,
    revision: null,
    hubCacheDir: test.testdir({}),
    endpoint,
    token: null,
    offline: false,
  };
  return { stub, options };
}

const quick = { progress: () => undefined, retryDelayMs: 1 };

t.test('a folder is used as it is', async (t) => {
  const { options, stub } = await hub(t);
  const folder = t.testdir({ 'config.json': '{}' });
  t.same(await findModel({ ...options, modelPath: folder }, quick), { folder, from: 'folder' });
  t.equal(stub.requests.length, 0);
});

t.test('a repository is downloaded into the layout of the cache, then found there', async (t) => {
  const { options, stub } = await hub(t);
  const seen: number[] = [];
  const progress = ({ doneBytes }: { doneBytes: number }) => seen.push(doneBytes);
  const found = await findModel(options, { progress, retryDelayMs: 1 });
  t.equal(found.from, 'hub');
  t.match(found.folder, new RegExp(`models--acme--tiny/snapshots/${HubStub.commit}$`));
  t.match(
    await readlink(join(found.folder, 'model.safetensors')),
    /^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/,
  );
  const ref = join(options.hubCacheDir, 'models--acme--tiny', 'refs', 'main');
  t.equal(await readFile(ref, 'utf8'), HubStub.commit);
  t.ok((await openCheckpoint(found.folder)).tensors.has('w'));
  t.ok(seen.includes(WEIGHTS.length), 'progress reaches the size of the weights');
  t.notOk(
    stub.requests.some(({ path }) => /README|\.bin/.test(path)),
    'only what is needed',
  );
  const requests = stub.requests.length;
  const again = await findModel({ ...options, offline: true }, quick);
  t.same(again, { folder: found.folder, from: 'cache' });
  t.equal(stub.requests.length, requests, 'no request the second time');
  const byCommit = await findModel({ ...options, revision: HubStub.commit }, quick);
  t.equal(byCommit.from, 'cache');
});

t.test('a download that breaks off goes on where it stopped', async (t) => {
  const { options, stub } = await hub(t, { breakAfterBytes: 20_000, numBreaks: 2 });
  const { folder } = await findModel(options, quick);
  t.same(await readFile(join(folder, 'model.safetensors')), WEIGHTS);
  const ranges = stub.requests.filter(({ path }) => path.endsWith('model.safetensors'));
  t.equal(ranges.length, 3);
  t.equal(ranges[0]?.range, null);
  // What had come before a break may be lost with it on a busy machine.
  t.ok(
    ranges.slice(1).some(({ range }) => /^bytes=[1-9]\d*-$/.test(range ?? '')),
    'it goes on',
  );
});

t.test('a partial file of an earlier process is completed', async (t) => {
  const { options, stub } = await hub(t);
  const { folder } = await findModel(options, quick);
  const blob = join(folder, await readlink(join(folder, 'model.safetensors')));
  const fresh = await hub(t);
  const path = blob.replace(options.hubCacheDir, fresh.options.hubCacheDir);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(`${path}.incomplete`, WEIGHTS.subarray(0, 1000));
  const second = await findModel(fresh.options, quick);
  t.same(await readFile(join(second.folder, 'model.safetensors')), WEIGHTS);
  t.ok(fresh.stub.requests.some(({ range }) => range === 'bytes=1000-'));
  t.ok(stub.requests.length > 0);
});

t.test('a mirror that ignores ranges is read from the beginning again', async (t) => {
  const { options } = await hub(t, { breakAfterBytes: 9_000, numBreaks: 1, ignoreRanges: true });
  const { folder } = await findModel(options, quick);
  t.same(await readFile(join(folder, 'model.safetensors')), WEIGHTS);
});

t.test('a connection that never gets further is given up', async (t) => {
  const { options } = await hub(t, { breakAfterBytes: 0, numBreaks: 1000 });
  await t.rejects(findModel(options, quick), { code: 'download_failed' });
});

t.test('damaged content is refused and not kept', async (t) => {
  const { options } = await hub(t, { corrupt: true });
  await t.rejects(findModel(options, quick), { code: 'download_failed', message: /hash is wrong/ });
  await t.rejects(findModel({ ...options, offline: true }, quick), { code: 'offline' });
});

t.test('an index downloads its shards and nothing else', async (t) => {
  const files = new Map([
    ['config.json', Buffer.from('{}')],
    ['model.safetensors.index.json', Buffer.from('{"weight_map":{"w":"model-1.safetensors"}}')],
    ['model-1.safetensors', WEIGHTS],
    ['consolidated.safetensors', Buffer.from('twice')],
  ]);
  const { options, stub } = await hub(t, {}, files);
  const { folder } = await findModel(options, quick);
  t.ok((await openCheckpoint(folder)).tensors.has('w'));
  t.notOk(stub.requests.some(({ path }) => path.includes('consolidated')));
});

t.test('of a tokenizer’s repository no weights are fetched, and the model later is', async (t) => {
  const files = new Map([
    ...FILES,
    ['model.safetensors.index.json', Buffer.from('{"weight_map":{"w":"model.safetensors"}}')],
  ]);
  const { options, stub } = await hub(t, {}, files);
  const asked = () => stub.requests.map(({ path }) => path.split('/').at(-1) ?? '');
  const tokenizer = { ...options, part: 'tokenizer' } as const;
  const { folder } = await findModel(tokenizer, quick);
  t.same(await readFile(join(folder, 'tokenizer.json'), 'utf8'), '{}');
  t.notOk(asked().some((name) => name.includes('safetensors')));
  const numRequests = stub.requests.length;
  t.equal((await findModel({ ...tokenizer, offline: true }, quick)).from, 'cache');
  t.equal(stub.requests.length, numRequests);
  await t.rejects(findModel({ ...options, offline: true }, quick), { code: 'offline' });
  t.equal((await findModel(options, quick)).from, 'hub');
  t.ok((await openCheckpoint(folder)).tensors.has('w'));
  t.equal((await findModel(tokenizer, quick)).from, 'cache', 'a whole model has its tokenizer');
});

t.test('a tokenizer without a tokenizer.json is found again too', async (t) => {
  for (const names of [['vocab.txt'], ['vocab.json', 'merges.txt'], ['tokenizer.model']]) {
    const { options } = await hub(t, {}, new Map(names.map((name) => [name, Buffer.from('{}')])));
    const tokenizer = { ...options, part: 'tokenizer' } as const;
    t.equal((await findModel(tokenizer, quick)).from, 'hub');
    t.equal((await findModel({ ...tokenizer, offline: true }, quick)).from, 'cache', names.join());
  }
});

t.test('refusals are sentences that say what to do', async (t) => {
  const refused = async (status: number, code: string, token: string | null = null) => {
    const { options } = await hub(t, { refuse: { status, code } });
    return findModel({ ...options, token }, quick);
  };
  await t.rejects(refused(404, 'RepoNotFound'), {
    code: 'repo_not_found',
    message: /no model acme\/tiny/,
  });
  await t.rejects(refused(404, 'RevisionNotFound'), { message: /no revision 'main'/ });
  await t.rejects(refused(401, 'RepoNotFound'), {
    code: 'repo_forbidden',
    message: /set HF_TOKEN/,
  });
  await t.rejects(refused(403, 'GatedRepo', 'hf_x'), { message: /gated.*check that HF_TOKEN/ });
  await t.rejects(refused(500, ''), { code: 'download_failed', message: /HTTP 500/ });
});

t.test('the token goes to the hub', async (t) => {
  const { options, stub } = await hub(t);
  await findModel({ ...options, token: 'hf_secret' }, quick);
  t.ok(stub.requests.every(({ authorization }) => authorization === 'Bearer hf_secret'));
});

t.test('weights that lie elsewhere are fetched there, without the token', async (t) => {
  const storage = new HubStub('storage', FILES);
  const at = await storage.listen();
  t.teardown(() => storage.close());
  const weightsAt = `${at}/storage/resolve/${HubStub.commit}`;
  const { options, stub } = await hub(t, { weightsAt });
  const { folder } = await findModel({ ...options, token: 'hf_secret' }, quick);
  t.same(await readFile(join(folder, 'model.safetensors')), WEIGHTS);
  t.match(storage.requests, [{ path: /model\.safetensors$/, authorization: null }]);
  t.ok(stub.requests.every(({ authorization }) => authorization === 'Bearer hf_secret'));
});

t.test('a repository that was renamed is found under its former name', async (t) => {
  const { options } = await hub(t, { formerName: 'acme/before' });
  const { folder } = await findModel({ ...options, modelPath: 'acme/before' }, quick);
  t.match(folder, 'models--acme--before');
  t.same(await readFile(join(folder, 'model.safetensors')), WEIGHTS);
});

t.test('a revision is asked for by its name, and remembered by it', async (t) => {
  const { options, stub } = await hub(t);
  for (const revision of ['v1.0', 'refs/pr/1', HubStub.commit]) {
    const found = await findModel({ ...options, revision }, quick);
    const asked = `/api/models/${REPO}/revision/${encodeURIComponent(revision)}`;
    t.ok(
      stub.requests.some(({ path }) => decodeURIComponent(path) === decodeURIComponent(asked)) ||
        found.from === 'cache',
      revision,
    );
    t.equal((await findModel({ ...options, revision, offline: true }, quick)).from, 'cache');
  }
  await t.rejects(findModel({ ...options, revision: 'other', offline: true }, quick), {
    code: 'offline',
  });
});

t.test('what fails in the middle is a sentence, and the next start goes on', async (t) => {
  const files = new Map([
    ...FILES,
    [
      'model.safetensors.index.json',
      Buffer.from('{"weight_map":{"a":"model-1.safetensors","w":"model.safetensors"}}'),
    ],
    ['model-1.safetensors', safetensorsFile({ a: f32([1], Float32Array.of(1)) })],
  ]);
  const faults: readonly [HubFaults, RegExp, string][] = [
    [
      { missing: 'model-1.safetensors' },
      /model-1\.safetensors: it is listed, but not there/,
      'download_failed',
    ],
    [{ refuseFiles: { status: 403, code: 'GatedRepo' } }, /gated.*set HF_TOKEN/, 'repo_forbidden'],
    [{ refuseFiles: { status: 401, code: '' } }, /private.*set HF_TOKEN/, 'repo_forbidden'],
    [{ refuseFiles: { status: 503, code: '' } }, /HTTP 503/, 'download_failed'],
  ];
  for (const [fault, message, code] of faults) {
    const broken = await hub(t, fault, files);
    await t.rejects(findModel(broken.options, quick), { code, message });
    await t.rejects(findModel({ ...broken.options, offline: true }, quick), { code: 'offline' });
    const sound = await hub(t, {}, files);
    const options = { ...broken.options, endpoint: sound.options.endpoint };
    const { folder } = await findModel(options, quick);
    t.same([...(await openCheckpoint(folder)).tensors.keys()].sort(), ['a', 'w']);
  }
});

t.test('without network or with HF_HUB_OFFLINE the sentence says so', async (t) => {
  const { options, stub } = await hub(t);
  await t.rejects(findModel({ ...options, offline: true }, quick), { message: /HF_HUB_OFFLINE/ });
  t.equal(stub.requests.length, 0);
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  const endpoint = `http://127.0.0.1:${port}`;
  await t.rejects(findModel({ ...options, endpoint }, quick), {
    code: 'offline',
    message: /Cannot reach .*ECONNREFUSED/,
  });
});

t.test(
  'a cache that takes no folder or file is one sentence, and nothing is waited for',
  async (t) => {
    const { options } = await hub(t);
    const folder = join(t.testdir({ base: { file: '' } }), 'base');
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await symlink('loop', join(folder, 'loop'));
    const places = ['file', 'file/below', 'pipe', 'pipe/below', 'loop'].map((at) =>
      join(folder, at),
    );
    for (const hubCacheDir of [...places, '/proc', '/proc/self/below']) {
      await t.rejects(
        findModel({ ...options, hubCacheDir }, quick),
        { code: 'download_failed', message: /hub's cache .* cannot be written \(E\w+\): set HF_/ },
        hubCacheDir,
      );
    }
  },
);

t.test('pipes in the place of the cache’s own files are replaced', async (t) => {
  const { options } = await hub(t);
  const { folder } = await findModel(options, quick);
  const repo = join(options.hubCacheDir, 'models--acme--tiny');
  const notes = join(repo, '.no_exist', basename(folder));
  const [note = ''] = await readdir(notes);
  for (const path of [join(repo, 'refs', 'main'), join(notes, note)]) {
    await rm(path);
    execFileSync('mkfifo', [path]);
  }
  await rm(join(folder, 'config.json'));
  await findModel(options, quick);
  t.match(await readFile(join(repo, 'refs', 'main'), 'utf8'), /^[0-9a-f]{40}$/);
  t.equal(await readFile(join(notes, note), 'utf8'), '');
  t.notOk((await readdir(notes)).some((name) => name.endsWith('.tmp')));
});

t.test('a complete copy in a cache that cannot be written is used as it is', async (t) => {
  const { options } = await hub(t);
  const { folder } = await findModel(options, quick);
  const repo = join(options.hubCacheDir, 'models--acme--tiny');
  // Another program's copy: what is not there was not noted. A file for a folder stands for a read-only disk.
  await rm(join(repo, '.no_exist'), { recursive: true });
  await writeFile(join(repo, '.no_exist'), '');
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  t.same(await findModel(options, { ...quick, warn }), { folder, from: 'cache' });
  t.match(warnings, [/may lack files/]);
});

t.test('a disk that is too small is found out before the first byte', async (t) => {
  const { options, stub } = await hub(t, { claimedWeightBytes: 2 ** 52 });
  await t.rejects(findModel(options, quick), { code: 'disk_full', message: /GiB do not fit/ });
  t.notOk(stub.requests.some(({ path }) => path.endsWith('.safetensors')));
});

t.test('names that are neither folder nor repository are refused', async (t) => {
  const { options } = await hub(t);
  for (const modelPath of ['./nowhere', '/nowhere', '../../nowhere-at-all', 'a/b/c', '']) {
    await t.rejects(findModel({ ...options, modelPath }, quick), { code: 'folder_not_found' });
  }
  await t.rejects(findModel({ ...options, revision: '../../x' }, quick), { code: 'bad_option' });
  const folder = t.testdir({ 'm.bin': '', 'm.gguf': '' });
  const bin = join(folder, 'm.bin');
  await t.rejects(findModel({ ...options, modelPath: bin }, quick), { message: /is a file/ });
  const gguf = join(folder, 'm.gguf');
  t.equal((await findModel({ ...options, modelPath: gguf }, quick)).folder, gguf);
});
