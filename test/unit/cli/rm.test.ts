import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import t, { type Test } from 'tap';

import type { Surroundings } from '../../../src/cli/command.js';
import { rmCommand } from '../../../src/cli/rm.js';
import { StartupError } from '../../../src/core/errors.js';
import { noteSource, sourcesOf } from '../../../src/model/quantize/cache-sources.js';
import { HubCache } from '../../../src/model/source/hub-cache.js';
import { FOREIGN_OWNER, killedOwner, startOther } from '../../doubles/owners.js';

const [OLD, NEW] = ['a'.repeat(40), 'ab'.repeat(20)];
const ENTRY = `int8-${'0'.repeat(32)}`;
/** Where processes are seen by what they have open. */
const onLinux = { skip: process.platform === 'linux' ? false : 'there is no /proc' };

/** A model with two revisions that share their weights, another one, and a quantised copy of these weights. */
async function desk(test: Test) {
  const folder = test.testdir({
    hub: { 'models--a--b': { blobs: { w: 'weights', old: '1', new: '2' } }, 'models--c--d': {} },
    copies: { [ENTRY]: { 'weights.bin': '12345' } },
  });
  const hub = join(folder, 'hub');
  const cache = new HubCache(hub, 'a/b');
  for (const [commit, own, ref] of [
    [OLD, 'old', 'v1'],
    [NEW, 'new', 'main'],
  ] as const) {
    await cache.link('w', cache.snapshot(commit), 'model.safetensors');
    await cache.link(own, cache.snapshot(commit), 'config.json');
    await cache.writeRef(ref, commit);
  }
  const entry = join(folder, 'copies', ENTRY);
  await noteSource(entry, [cache.blob('w')]);
  const before = process.env['HF_HUB_CACHE'];
  process.env['HF_HUB_CACHE'] = hub;
  test.teardown(() => {
    if (before === undefined) delete process.env['HF_HUB_CACHE'];
    else process.env['HF_HUB_CACHE'] = before;
  });
  let said = '';
  const terminal = { isTTY: true, write: (text: string) => (said += text) };
  const rm = async (words: readonly string[], input: Surroundings['input'] | null = null) => {
    said = '';
    const options = { yes: input === null, quantizationCacheDir: join(folder, 'copies') };
    const serverArgs = () => {
      throw new Error('the flag is given');
    };
    const surroundings = { version: '', out: terminal, err: terminal };
    const code = await rmCommand.run(
      { words, options, serverArgs },
      { ...surroundings, input: input ?? new PassThrough() },
    );
    return { code, said };
  };
  return { hub, cache, entry, rm, shown: () => said };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A process that has a file open and does nothing. */
async function holderOf(path: string): Promise<ChildProcess> {
  const script = `fs.openSync(${JSON.stringify(path)}); console.log(); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

function inUse(model: string, pid: number | undefined): StartupError {
  return new StartupError(`${model} is in use by process ${pid ?? '?'}: stop it first.`);
}

t.test('a model that a process has open stays, until it has ended', onLinux, async (t) => {
  const { cache, rm, entry } = await desk(t);
  const holder = await holderOf(join(cache.snapshot(NEW), 'model.safetensors'));
  t.teardown(() => kill(holder));
  await t.rejects(rm(['a/b']), inUse('a/b', holder.pid));
  await t.rejects(rm(['a/b@v1']), inUse('a/b@v1', holder.pid));
  await t.rejects(rm(['c/d', 'a/b']), inUse('a/b', holder.pid));
  t.ok(await isThere(join(cache.folder, '../models--c--d')), 'none goes where one stays');
  t.ok(await isThere(join(cache.snapshot(OLD), 'config.json')));
  t.ok(await isThere(entry));
  t.match(await rm(['c/d']), { code: 0 }, 'another one is not in use');
  await kill(holder);
  t.match(await rm(['a/b']), { code: 0, said: /^Removed a\/b: \d+ B freed\.\n$/ });
  t.notOk(await isThere(cache.folder));
  t.notOk(await isThere(entry));
});

t.test('a file that is mapped and not open counts', onLinux, async (t) => {
  const { cache, rm } = await desk(t);
  // As an inference library has weights: a program's own file is mapped while it runs.
  const program = cache.blob('program');
  await copyFile('/bin/cat', program);
  await chmod(program, 0o700);
  const child = spawn(program, [], { argv0: 'cat', stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => kill(child));
  child.stdin.write('it runs');
  await once(child.stdout, 'data');
  await t.rejects(rm(['a/b']), inUse('a/b', child.pid));
});

t.test('a folder whose name begins alike is another one', onLinux, async (t) => {
  const { hub, rm } = await desk(t);
  const other = join(hub, 'models--a--b2');
  await mkdir(other);
  await writeFile(join(other, 'file'), '');
  const holder = await holderOf(join(other, 'file'));
  t.teardown(() => kill(holder));
  t.match(await rm(['a/b']), { code: 0 });
});

t.test('a quantised copy that a process uses keeps its model', async (t) => {
  const { rm, entry, cache } = await desk(t);
  const other = await startOther();
  t.teardown(() => kill(other.child));
  await writeFile(join(entry, `user-${other.owner}`), '');
  await t.rejects(rm(['a/b']), inUse('a/b', other.child.pid));
  t.ok(await isThere(cache.folder));
  t.match(await rm(['a/b@main']), { code: 0 }, 'the copy is of what the other revision keeps');
  t.ok(await isThere(entry));
  await other.kill();
  t.match(await rm(['a/b']), { code: 0 });
  t.notOk(await isThere(entry));
});

t.test('a user of the copy elsewhere counts, one that was killed does not', async (t) => {
  const { rm, entry } = await desk(t);
  await writeFile(join(entry, `user-${await killedOwner()}`), '');
  await writeFile(join(entry, `user-${FOREIGN_OWNER}`), '');
  await t.rejects(rm(['a/b']), {
    message:
      'a/b is in use by a process on another machine or in another container: stop it first.',
  });
  t.same(
    (await readdir(entry)).filter((name) => name.startsWith('user-')),
    [`user-${FOREIGN_OWNER}`],
  );
});

t.test('a copy that is of another model too stays, and forgets this one', async (t) => {
  const { rm, entry } = await desk(t);
  await noteSource(entry, ['/models/mine/model.safetensors']);
  t.match(await rm(['a/b']), { code: 0 });
  t.same(await sourcesOf(entry), [['/models/mine/model.safetensors']]);
});

t.test('what a killed process left of a copy goes with its model', async (t) => {
  const { rm, entry, cache } = await desk(t);
  const leave = async (owner: string, source: string): Promise<string> => {
    const left = `${entry}.${owner}.0123abcd.tmp`;
    await mkdir(left, { mode: 0o700 });
    for (const name of ['weights.bin', 'journal']) {
      await writeFile(join(left, name), '', { mode: 0o600 });
    }
    await noteSource(left, [source]);
    return left;
  };
  const living = await startOther();
  t.teardown(() => kill(living.child));
  const ours = await leave(await killedOwner(), cache.blob('w'));
  const another = await leave(await killedOwner(), '/models/mine/model.safetensors');
  const filled = await leave(living.owner, cache.blob('w'));
  t.match(await rm(['a/b']), { code: 0 });
  t.notOk(await isThere(ours));
  t.ok(await isThere(another), 'of another model');
  t.ok(await isThere(filled), 'somebody fills it');
});

t.test('what several revisions share goes with the last of them, its copy too', async (t) => {
  const { rm, entry, cache } = await desk(t);
  const { code, said } = await rm(['a/b@v1', 'a/b@main', 'a/b@v1']);
  t.equal(code, 0);
  t.match(said, /^Removed a\/b@v1: \d+ B freed\.\nRemoved a\/b@main: \d+ B freed\.\n$/);
  t.same(await readdir(join(cache.folder, 'blobs')), []);
  t.notOk(await isThere(entry));
});

t.test('who opens it while the question stands is seen', onLinux, async (t) => {
  const { rm, cache, shown } = await desk(t);
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const removal = rm(['a/b'], input);
  while (!shown().endsWith('[y/N] ')) await sleep(5);
  const holder = await holderOf(join(cache.snapshot(NEW), 'model.safetensors'));
  t.teardown(() => kill(holder));
  input.end('y\n');
  await t.rejects(removal, inUse('a/b', holder.pid));
  t.ok(await isThere(cache.folder));
  const no = Object.assign(new PassThrough(), { isTTY: true });
  no.end('\n');
  await kill(holder);
  t.match(await rm(['a/b'], no), { code: 1, said: /\? \[y\/N\] Nothing was removed\.\n$/ });
  t.ok(await isThere(cache.folder));
});
