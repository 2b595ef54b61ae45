import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import t from 'tap';

import { hashFile, hashSegments } from '../../../../src/model/quantize/hash-file.js';
import { hashFiles, type HashedFile } from '../../../../src/model/quantize/hashed-files.js';
import { knownHashes, noteHashes } from '../../../../src/model/quantize/known-hashes.js';

const ENTRY = `int8-${'0'.repeat(32)}`;

/** When files that are written now are old. */
function later(): number {
  return Date.now() + 10_000;
}

function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/** What was noted of the file, but for the hash: whoever takes this one did not read the file. */
function unread(file: HashedFile | undefined): ReadonlyMap<string, HashedFile> {
  if (file === undefined) throw new Error('nothing was hashed');
  return new Map([[file.path, { ...file, sha256: 'f'.repeat(64) }]]);
}

t.test('a file that nobody wrote to is not read again', async (t) => {
  const path = join(t.testdir({ a: 'one' }), 'a');
  const [first] = await hashFiles([path], new Map(), later);
  t.equal(first?.sha256, sha256('one'));
  const [again] = await hashFiles([path], unread(first), later);
  t.equal(again?.sha256, 'f'.repeat(64));
});

t.test('one of the same size and the same time is, when it was written to', async (t) => {
  const path = join(t.testdir({ a: 'one' }), 'a');
  const [first] = await hashFiles([path], new Map(), later);
  const { atime, mtime } = await stat(path);
  await writeFile(path, 'two');
  await utimes(path, atime, mtime);
  const [again] = await hashFiles([path], unread(first), later);
  t.equal(again?.sha256, sha256('two'));
});

t.test('one that was written just now has no stamp that could be trusted', async (t) => {
  const path = join(t.testdir({ a: 'one' }), 'a');
  const [first] = await hashFiles([path]);
  t.match(first, { sha256: sha256('one'), stamp: null });
  const entry = join(t.testdirName, ENTRY);
  await mkdir(entry);
  await noteHashes(entry, first === undefined ? [] : [first]);
  t.same(await readdir(entry), []);
});

t.test('an entry remembers, and one that others can write to is not asked', async (t) => {
  const cache = t.testdir({ a: 'one', [ENTRY]: {}, 'not-an-entry': {} });
  const files = await hashFiles([join(cache, 'a')], new Map(), later);
  await noteHashes(join(cache, ENTRY), files);
  await noteHashes(join(cache, ENTRY), files);
  await noteHashes(join(cache, 'not-an-entry'), files);
  t.same([...(await knownHashes(cache)).values()], files);
  const [note = ''] = await readdir(join(cache, ENTRY));
  t.match(note, /^hashes-[0-9a-f]{16}\.json$/);
  await chmod(join(cache, ENTRY, note), 0o666);
  t.equal((await knownHashes(cache)).size, 0);
  await chmod(join(cache, ENTRY, note), 0o600);
  await writeFile(join(cache, ENTRY, note), '[{"path":"/x","sha256":"zz","stamp":"1"},null]');
  t.equal((await knownHashes(cache)).size, 0, 'what is no note is passed over');
  t.equal((await knownHashes(join(cache, 'nowhere'))).size, 0);
});

t.test('the hash of segments is that of the hashes of 4 MiB each', async (t) => {
  const data = Buffer.alloc(2 ** 23 + 5, 'radish');
  const path = join(t.testdir({ a: '' }), 'a');
  for (const length of [data.length, 2 ** 22, 1, 0]) {
    await writeFile(path, data.subarray(0, length));
    const whole = createHash('sha256');
    for (let at = 0; at < length; at += 2 ** 22) {
      whole.update(Buffer.from(sha256(data.subarray(at, Math.min(length, at + 2 ** 22))), 'hex'));
    }
    t.equal(await hashSegments(path), whole.digest('hex'), String(length));
    t.equal(await hashFile(path), sha256(data.subarray(0, length)));
  }
});
