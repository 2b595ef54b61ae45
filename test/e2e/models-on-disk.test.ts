import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import t, { type Test } from 'tap';

import { type HubFaults, HubStub } from '../doubles/hub-stub.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MODEL = 'acme/tiny';
/** Slower than any machine that runs this test. */
const SLOWLY = { chunkBytes: 50_000, delayMs: 500 };

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

type Files = ReadonlyMap<string, Buffer>;

async function tinyModel(): Promise<Files> {
  const names = ['config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json'];
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(join(ROOT, 'config/tiny', name))] as const),
  );
  return new Map(files);
}

async function desk(test: Test, faults: HubFaults = {}, files?: Files) {
  const stub = new HubStub(MODEL, files ?? (await tinyModel()), faults);
  const endpoint = await stub.listen();
  test.teardown(() => stub.close());
  const folder = test.testdir({ file: '' });
  const cache = join(folder, 'hub');
  const start = (argv: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess =>
    spawn(process.execPath, [join(ROOT, 'dist/src/main.js'), ...argv], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        HF_ENDPOINT: endpoint,
        HF_HUB_CACHE: cache,
        HF_HUB_OFFLINE: '',
        XDG_CACHE_HOME: folder,
        ...env,
      },
    });
  const run = (argv: readonly string[], env?: NodeJS.ProcessEnv) => ended(start(argv, env));
  return { stub, folder, cache, start, run };
}

async function ended(child: ChildProcess): Promise<Ran> {
  let [out, err] = ['', ''];
  child.stdout?.on('data', (text: Buffer) => (out += String(text)));
  child.stderr?.on('data', (text: Buffer) => (err += String(text)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

/** Names below a folder that are left while something is written. */
async function unfinished(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => /\.(incomplete|tmp|radish)$/.test(name));
}

async function partOfWeights(cache: string): Promise<void> {
  const blobs = join(cache, 'models--acme--tiny', 'blobs');
  for (;;) {
    const names = await readdir(blobs).catch(() => []);
    // Small files have a sha1.
    if (names.some((name) => /^[0-9a-f]{64}\.incomplete$/.test(name))) return;
    await sleep(20);
  }
}

t.test('a model is pulled, listed and removed', async (t) => {
  const { run, stub, cache } = await desk(t);
  const empty = await run(['list']);
  t.equal(empty.code, 0);
  t.match(empty.out, /^No models in .*hub yet\. Next: radish pull /);

  const pulls = await Promise.all([run(['pull', MODEL]), run(['pull', `${MODEL}@main`])]);
  for (const { code, out } of pulls) {
    t.equal(code, 0);
    t.equal(out, `${join(cache, 'models--acme--tiny/snapshots', HubStub.commit)}\n`);
  }
  const fetched = stub.requests.filter(({ path }) => path.endsWith('model.safetensors'));
  t.equal(fetched.length, 1, 'two at the same time fetch it once');
  t.same(await unfinished(cache), []);
  const again = await run(['pull', MODEL], { HF_HUB_OFFLINE: '1' });
  t.match(again, { code: 0, err: /is already there: 6\.6 MB\.\n$/ });

  const listed = await run(['list']);
  t.match(
    listed.out,
    /^MODEL +REVISION +SIZE +USED +SERVES\nacme\/tiny +main +6\.6 MB +\d{4}-\S+ +yes\n$/,
  );
  const json = JSON.parse((await run(['list', '--json'])).out) as { models: object[] };
  t.match(json.models, [{ id: MODEL, revisions: [{ refs: ['main'], can_be_served: true }] }]);

  const unasked = await run(['rm', MODEL]);
  t.match(unasked, {
    code: 2,
    err: /^There is nobody to ask: --yes removes acme\/tiny \(6\.6 MB\)\./,
  });
  const removed = await run(['rm', '--yes', MODEL]);
  t.match(removed, { code: 0, out: 'Removed acme/tiny: 6.6 MB freed.\n' });
  t.notOk((await readdir(cache)).some((name) => name.startsWith('models--')));
  t.match(await run(['rm', '-y', MODEL]), { code: 1, err: /^acme\/tiny is not in / });
});

t.test('one GGUF file of a repository is pulled by its quantization', async (t) => {
  const gguf = await readFile(join(ROOT, 'test/fixtures/gguf/models/llama-tied.gguf'));
  const files = ['tiny-Q4_0.gguf', 'tiny-Q8_0.gguf'].map((name) => [name, gguf] as const);
  const { run, stub, cache } = await desk(t, {}, new Map(files));
  const pulled = await run(['pull', `${MODEL}:q8_0`]);
  const path = join(cache, 'models--acme--tiny/snapshots', HubStub.commit, 'tiny-Q8_0.gguf');
  t.match(pulled, { code: 0, out: `${path}\n` });
  t.ok(gguf.equals(await readFile(path)));
  t.notOk(stub.requests.some(({ path: asked }) => asked.endsWith('tiny-Q4_0.gguf')));
  const again = await run(['pull', `${MODEL}/tiny-Q8_0.gguf`], { HF_HUB_OFFLINE: '1' });
  t.match(again, { code: 0, out: `${path}\n`, err: /is already there: \d/ });
  t.match((await run(['list'])).out, / GGUF files, served by their names\n$/);
  t.match(await run(['pull', `${MODEL}:Q6_K`]), {
    code: 1,
    err: /acme\/tiny has no GGUF file of Q6_K, .*It has tiny-Q4_0\.gguf, tiny-Q8_0\.gguf\./,
  });
});

t.test('a pull that is killed is shown as half, and gone on with', async (t) => {
  const faults: { slowly?: typeof SLOWLY } = { slowly: SLOWLY };
  const { run, start, stub, cache } = await desk(t, faults);
  const killed = start(['pull', MODEL]);
  await partOfWeights(cache);
  t.match(await run(['rm', '-y', MODEL]), {
    code: 1,
    err: /is being downloaded by process \d+\.\n$/,
  });
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  t.match((await run(['list'])).out, /acme\/tiny .* half downloaded \(\d/);
  const offline = await run(['pull', MODEL], { HF_HUB_OFFLINE: '1' });
  t.match(offline, { code: 1, out: '', err: /HF_HUB_OFFLINE forbids a download\.\n$/ });

  const interrupted = start(['pull', MODEL]);
  const ending = ended(interrupted);
  const numBefore = stub.requests.length;
  while (!stub.requests.slice(numBefore).some(({ range }) => range !== null)) await sleep(20);
  interrupted.kill('SIGINT');
  t.match(await ending, {
    code: 130,
    out: '',
    err: /Interrupted\. What has come of acme\/tiny is kept/,
  });

  const terminated = start(['pull', MODEL]);
  const terminating = ended(terminated);
  const numSeen = stub.requests.length;
  while (!stub.requests.slice(numSeen).some(({ range }) => range !== null)) await sleep(20);
  terminated.kill('SIGTERM');
  t.match(await terminating, {
    code: 143,
    out: '',
    err: /Ended by SIGTERM\. What has come of acme\/tiny is kept/,
  });
  t.notOk(
    (await unfinished(cache)).some((name) => name.endsWith('.radish')),
    'no lock is left',
  );

  delete faults.slowly;
  t.equal((await run(['pull', MODEL])).code, 0);
  t.ok(stub.requests.some(({ range }) => /^bytes=[1-9]/.test(range ?? '')));
  t.same(await unfinished(cache), []);
  t.match((await run(['list'])).out, / yes\n$/);
});

t.test('what is wrong is one sentence', async (t) => {
  const { run, folder } = await desk(t, { missing: 'config.json' });
  const wrong: [argv: string[], env: NodeJS.ProcessEnv, code: number, err: RegExp][] = [
    [['pull'], {}, 2, /needs the name of a model/],
    [['pull', '../../etc'], {}, 2, /is not a model of the hub/],
    [['rm', 'a/../../b'], {}, 2, /is not a model of the hub/],
    [['pull', MODEL, '--revision', '../x'], {}, 2, /is not a branch, tag or commit/],
    [['pull', MODEL], {}, 1, /it is listed, but not there/],
    [['pull', MODEL], { HF_ENDPOINT: 'http://127.0.0.1:9' }, 1, /^ERROR: Cannot reach/],
    [['pull', MODEL], { HF_HUB_CACHE: join(folder, 'file') }, 1, /cannot be written \(E/],
    [['list'], { HF_HUB_CACHE: join(folder, 'file') }, 1, /cannot be read \(ENOTDIR\)/],
  ];
  for (const [argv, env, code, err] of wrong) {
    const ran = await run(argv, env);
    t.match(ran, { code, out: '', err }, argv.join(' '));
    t.equal(ran.err.trimEnd().split('\n').length, 1);
  }
  const gated = await desk(t, { refuse: { status: 403, code: 'GatedRepo' } });
  t.match(await gated.run(['pull', MODEL]), { code: 1, err: /is gated: accept its terms there/ });
});
