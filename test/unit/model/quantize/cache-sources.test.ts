import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import t from 'tap';

import { sourceName } from '../../../../src/cli/caches.js';
import { listCopies } from '../../../../src/model/quantize/cache-inventory.js';
import {
  forgetSources,
  noteSource,
  sourcesOf,
} from '../../../../src/model/quantize/cache-sources.js';

const NOTE = /^of-[0-9a-f]{16}$/;
const ONE = ['/hub/models--a--b/blobs/1', '/hub/models--a--b/blobs/2'];
const OTHER = ['/models/mine/model.safetensors'];

t.test('an entry knows the files of each model that it is of, once', async (t) => {
  const entry = t.testdir({ 'weights.bin': '' });
  t.same(await sourcesOf(entry), []);
  await noteSource(entry, ONE);
  await noteSource(entry, OTHER);
  await noteSource(entry, ONE);
  const sources = await sourcesOf(entry);
  t.same([...sources].sort(), [ONE, OTHER]);
  const notes = (await readdir(entry)).filter((name) => name !== 'weights.bin');
  t.equal(notes.length, 2);
  for (const name of notes) {
    t.match(name, NOTE);
    t.equal((await stat(join(entry, name))).mode & 0o777, 0o600, 'its user alone reads it');
  }
});

t.test('paths are noted from the root, whatever folder the process runs in', async (t) => {
  const entry = t.testdir({});
  await noteSource(entry, [relative(process.cwd(), '/models/x.safetensors')]);
  t.same(await sourcesOf(entry), [['/models/x.safetensors']]);
});

t.test('notes that are no notes are passed over, and one that was cut is made anew', async (t) => {
  const entry = t.testdir({
    'of-0000000000000000': 'not JSON',
    'of-1111111111111111': '{"a":1}',
    'of-2222222222222222': '[1,null]',
    'of-3333333333333333': '["/kept",7]',
    'of-4444444444444444': JSON.stringify(['x'.repeat(2 ** 20)]),
    'of-5': '["/short"]',
    'of-666666666666666X': '["/odd"]',
    'of-7777777777777777': {},
    'of-8888888888888888.tmp': '["/draft"]',
  });
  await symlink('/proc/kmsg', join(entry, 'of-9999999999999999'));
  t.same(await sourcesOf(entry), [['/kept']]);
  await noteSource(entry, ONE);
  const own =
    (await readdir(entry)).find((name) => NOTE.test(name) && !/(.)\1{9}/.test(name)) ?? '';
  t.equal(await readFile(join(entry, own), 'utf8'), JSON.stringify(ONE));
  await writeFile(join(entry, own), '["/hub/mod');
  t.same(await sourcesOf(entry), [['/kept']]);
  await noteSource(entry, ONE);
  t.equal(await readFile(join(entry, own), 'utf8'), JSON.stringify(ONE));
});

t.test('an entry that cannot be written or is not there is no failure', async (t) => {
  const file = join(t.testdir({ file: '' }), 'file');
  for (const entry of [file, '/nonexistent/entry', '/proc']) {
    await noteSource(entry, ONE);
    t.same(await sourcesOf(entry), [], entry);
    await forgetSources(entry, () => true);
  }
});

t.test('what is gone is forgotten, and nothing else', async (t) => {
  const entry = t.testdir({ 'weights.bin': '', 'of-note': '' });
  await noteSource(entry, ONE);
  await noteSource(entry, OTHER);
  await forgetSources(entry, (files) => files.includes('/hub/models--a--b/blobs/2'));
  t.same(await sourcesOf(entry), [OTHER]);
  await forgetSources(entry, () => false);
  t.same(await sourcesOf(entry), [OTHER]);
  await forgetSources(entry, () => true);
  t.same((await readdir(entry)).sort(), ['of-note', 'weights.bin']);
});

t.test('a cache lists its entries with what they are of', async (t) => {
  const id = '0123456789abcdef'.repeat(2);
  const cache = t.testdir({
    [`int8-${id}`]: { 'weights.bin': '12345' },
    [`int4-${id}`]: {},
    [`dummy-${id}`]: { 'model.safetensors': '123' },
    [`int8-${id}.draft.tmp`]: { 'weights.bin': '1' },
    [`int2-${id}`]: { 'weights.bin': '1' },
    [`w8a8_int8-${id}`]: 'a file',
    'int8-short': {},
  });
  await mkdir(join(cache, 'elsewhere'));
  await symlink('elsewhere', join(cache, `int8-${'f'.repeat(32)}`));
  await noteSource(join(cache, `int8-${id}`), ONE);
  const copies = await listCopies(cache);
  t.match(copies, [
    { format: 'dummy', bytes: 3, sources: [] },
    { format: 'int4', bytes: null, sources: [] },
    { format: 'int8', bytes: 5, sources: [ONE], users: [] },
  ]);
  t.equal(copies.length, 3);
  t.same(await listCopies(join(cache, 'nowhere')), []);
  await t.rejects(listCopies(join(cache, `w8a8_int8-${id}`)), { code: 'ENOTDIR' });
});

t.test('files are shown by the name of their model, or their folder', (t) => {
  const names: readonly [files: readonly string[], name: string][] = [
    [ONE, 'a/b'],
    [['/hub/models--gpt2/blobs/1'], 'gpt2'],
    [['/hub/models--a--b/snapshots/0123/0_Transformer/model.safetensors'], 'a/b'],
    [OTHER, '/models/mine'],
    [['/models--a--b/x/model.safetensors'], '/models--a--b/x'],
    [['/x/models--a/models--c--d/blobs/1'], 'c/d'],
  ];
  for (const [files, name] of names) t.equal(sourceName(files), name, files[0] ?? '');
  t.end();
});
