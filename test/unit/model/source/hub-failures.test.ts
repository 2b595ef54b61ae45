import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, statfsSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import t, { type Test } from 'tap';

import { findModel, type FindModelOptions } from '../../../../src/model/source/find-model.js';
import type { DownloadProgress } from '../../../../src/model/source/hub.js';
import { type HubFaults, HubStub } from '../../../doubles/hub-stub.js';
import { smallDisk } from '../../../doubles/small-disk.js';

const REPO = 'acme/tiny';
const WEIGHTS = randomBytes(400_000);
const FILES = new Map([
  ['config.json', Buffer.from('{}')],
  ['model.safetensors', WEIGHTS],
]);
const quick = { progress: () => undefined, retryDelayMs: 1 };

interface Desk {
  readonly stub: HubStub;
  readonly options: FindModelOptions;
  /** Names of what is in the cache of this model's contents. */
  readonly blobs: () => Promise<readonly string[]>;
  readonly askedForWeights: () => readonly (string | null)[];
}

async function desk(test: Test, faults: HubFaults, hubCacheDir = test.testdir({})): Promise<Desk> {
  const stub = new HubStub(REPO, FILES, faults);
  const endpoint = await stub.listen();
  test.teardown(() => stub.close());
  const named = { modelPath: REPO, revision: null, hubCacheDir };
  const weights = () => stub.requests.filter(({ path }) => path.endsWith('.safetensors'));
  return {
    stub,
    options: { ...named, endpoint, token: null, offline: false },
    blobs: async () => (await readdir(join(hubCacheDir, 'models--acme--tiny/blobs'))).sort(),
    askedForWeights: () => weights().map(({ range }) => range),
  };
}

async function weightsIn(folder: string): Promise<Buffer> {
  return readFile(join(folder, 'model.safetensors'));
}

t.test('a hub that breaks off for good is a sentence; what came is gone on with', async (t) => {
  const faults = { breakAfterBytes: 60_000, numBreaks: 1000 };
  const { options, askedForWeights } = await desk(t, faults);
  const progress = ({ doneBytes }: DownloadProgress): void => {
    if (doneBytes >= 100_000) faults.breakAfterBytes = 0;
  };
  const deps = { ...quick, progress };
  await t.rejects(findModel(options, deps), {
    code: 'download_failed',
    message: /^Cannot download model\.safetensors from http.*: terminated\.$/,
  });
  const ranges = askedForWeights();
  t.equal(ranges[0], null);
  // A busy machine may lose what was under way when the hub broke off, and ask once more for it.
  t.equal(new Set(ranges.slice(-5)).size, 1, 'all later ones ask for the same rest');
  const numSame = ranges.filter((range) => range === ranges.at(-1)).length;
  t.equal(numSame, 5, 'five tries in a row');
  t.ok(ranges.length >= 2 + 5, 'behind those that got further');
  faults.numBreaks = 0;
  const { folder } = await findModel(options, quick);
  t.equal(askedForWeights().at(-1), ranges.at(-1), 'the next one begins there');
  t.ok(WEIGHTS.equals(await weightsIn(folder)));
});

t.test('a hub that has fewer bytes than it lists is given up', { timeout: 20_000 }, async (t) => {
  for (const heldWeightBytes of [0, 1, 150_000]) {
    for (const ignoreRanges of [false, true]) {
      const { options, blobs } = await desk(t, { heldWeightBytes, ignoreRanges });
      await t.rejects(
        findModel(options, quick),
        { code: 'download_failed', message: /^Cannot download model\.safetensors from http/ },
        `${heldWeightBytes} ${ignoreRanges}`,
      );
      t.notOk(
        (await blobs()).some((name) => name.length === 64),
        'it has no name',
      );
      await t.rejects(findModel({ ...options, offline: true }, quick), { code: 'offline' });
    }
  }
});

t.test('a hub that sends more bytes than it lists is stopped at once', async (t) => {
  const { options, blobs, askedForWeights } = await desk(t, { surplus: randomBytes(1) });
  await t.rejects(findModel(options, quick), {
    code: 'download_failed',
    message: /model\.safetensors sends more than its 400000 bytes\.$/,
  });
  t.equal(askedForWeights().length, 1);
  t.notOk((await blobs()).some((name) => name.length === 64));
});

t.test('wrong bytes are thrown away, and the next download begins anew', async (t) => {
  const faults = { corrupt: true, breakAfterBytes: 100_000, numBreaks: 1 };
  const { options, blobs, askedForWeights } = await desk(t, faults);
  await t.rejects(findModel(options, quick), { message: /arrived damaged: its hash is wrong\.$/ });
  t.same(await blobs(), [], 'the small file was wrong already');
  faults.corrupt = false;
  // The weights break off, are wrong from there, and right in the end.
  const progress = ({ file, doneBytes }: DownloadProgress): void => {
    if (file === 'model.safetensors' && doneBytes >= 50_000) faults.corrupt = true;
  };
  const turning = { ...quick, progress };
  await t.rejects(findModel(options, turning), { message: /model\.safetensors arrived damaged/ });
  t.equal((await blobs()).length, 1, 'of the small file');
  faults.corrupt = false;
  const { folder } = await findModel(options, quick);
  t.equal(askedForWeights().at(-1), null, 'from the beginning');
  t.ok(WEIGHTS.equals(await weightsIn(folder)));
});

t.test('a disk that fills up is a sentence, and once there is room it goes on', async (t) => {
  const disk = smallDisk(t);
  if (disk === null) {
    t.pass('no disk can be mounted here');
    return;
  }
  const filler = join(disk, 'filler');
  const slowly = { slowly: { chunkBytes: 50_000, delayMs: 20 } };
  const { options, blobs, askedForWeights } = await desk(t, slowly, disk);
  const fillUp = ({ doneBytes }: DownloadProgress): void => {
    const { bavail, bsize } = statfsSync(disk);
    if (doneBytes >= 100_000 && bavail > 0) {
      writeFileSync(filler, Buffer.alloc(bavail * bsize), { flag: 'a' });
    }
  };
  await t.rejects(findModel(options, { ...quick, progress: fillUp }), {
    code: 'disk_full',
    message: /^The disk is full: .*\/blobs\/[0-9a-f]{64} could not be written\.$/,
  });
  const [part = ''] = (await blobs()).filter((name) => name.endsWith('.incomplete'));
  const { size } = await stat(join(disk, 'models--acme--tiny/blobs', part));
  t.ok(size >= 100_000 && size < WEIGHTS.length);
  await t.rejects(findModel(options, quick), { code: 'disk_full' }, 'and while it is full');
  await rm(filler);
  const { folder } = await findModel(options, quick);
  t.equal(askedForWeights().at(-1), `bytes=${size}-`);
  t.ok(WEIGHTS.equals(await weightsIn(folder)));
});

t.test('a cache that is read-only is a sentence, and a whole model there is used', async (t) => {
  const isRoot = process.getuid?.() === 0;
  const disk = isRoot ? smallDisk(t) : t.testdir({});
  if (disk === null) {
    t.pass('no disk can be mounted here');
    return;
  }
  const close = (): void => {
    if (isRoot) execFileSync('mount', ['-o', 'remount,ro', disk]);
    else chmodSync(disk, 0o500);
  };
  const whole = await desk(t, {}, join(disk, 'hub'));
  const { folder } = await findModel(whole.options, quick);
  // As another program leaves it: it is asked whether there is more.
  await rm(join(disk, 'hub/models--acme--tiny/.no_exist'), { recursive: true });
  if (!isRoot)
    t.teardown(() => {
      chmodSync(disk, 0o700);
    });
  close();
  const code = isRoot ? 'EROFS' : 'EACCES';
  await t.rejects(findModel({ ...whole.options, hubCacheDir: disk }, quick), {
    code: 'download_failed',
    message: `The hub's cache ${disk} cannot be written (${code}): set HF_HUB_CACHE to a folder`,
  });
  const warnings: string[] = [];
  const deps = { ...quick, warn: (message: string) => warnings.push(message) };
  t.same(await findModel(whole.options, deps), { folder, from: 'cache' });
  t.match(warnings, isRoot ? [/may lack files/] : []);
});
