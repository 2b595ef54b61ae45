import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { generate, postJson } from './client.js';
import { freePort, runRadish, startRadish } from './radish-process.js';

const STACK = /^\s+at .+:\d+:\d+/m;

t.test('start-up failures are one sentence and a non-zero exit', async (t) => {
  const broken = await mkdtemp(join(tmpdir(), 'radish-broken-'));
  await writeFile(
    join(broken, 'config.json'),
    JSON.stringify({ architectures: ['GPT9ForCausalLM'], model_type: 'gpt9' }),
  );
  const cases: [string, string[], RegExp][] = [
    ['folder missing', ['--model-path', './no-such-folder'], /no-such-folder/],
    ['unknown flag', ['--modle-path', 'x'], /--model-path/],
    ['bad value', ['--port', 'soon'], /port/],
    ['bad number', ['--page-size', '0'], /page-size/],
    [
      'bad sampling',
      ['--preferred-sampling-params', '{"temperature":-1}'],
      /--preferred-sampling-params: temperature must be/,
    ],
    ['architecture', ['--model-path', broken], /GPT9ForCausalLM.*The nearest of the supported/s],
  ];
  for (const [name, flags, message] of cases) {
    const run = runRadish(['serve', '--port', String(await freePort()), ...flags]);
    t.not(await run.exit, 0, name);
    t.match(run.log(), message, name);
    t.notMatch(run.log(), STACK, `${name}: no stack trace`);
  }
});

t.test('a format that rounds says what it costs before anybody evaluates with it', async (t) => {
  const flags = ['--model-path', 'test/fixtures/families/llama-blocks', '--skip-tokenizer-init'];
  for (const [format, cost] of [
    ['int8', /Linear layers in int8 \(not measured on this model; KL .*--quantization none/],
    ['none', null],
  ] as const) {
    const radish = await startRadish([...flags, '--quantization', format]);
    if (cost === null) t.notMatch(radish.log(), /Linear layers in/);
    else t.match(radish.log(), cost);
    await radish.stop();
  }
});

t.test('a port in use is said so', async (t) => {
  const radish = await startRadish();
  t.teardown(() => radish.stop());
  const { port } = new URL(radish.url);
  const second = runRadish(['serve', '--port', port]);
  t.not(await second.exit, 0);
  t.match(second.log(), new RegExp(`${port}.*in use`, 's'));
  t.notMatch(second.log(), STACK);
});

t.test('--help and --version', async (t) => {
  const help = runRadish(['--help']);
  t.equal(await help.exit, 0);
  t.match(help.log(), /--model-path/);
  const version = runRadish(['--version']);
  t.equal(await version.exit, 0);
  t.match(version.log(), /^\d+\.\d+\.\d+\n$/);
});

t.test('SIGTERM drains: running requests finish, the exit is clean', async (t) => {
  const radish = await startRadish();
  const pending = generate(radish.url, {
    text: 'Once',
    sampling_params: { max_new_tokens: 150, ignore_eos: true },
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const exit = radish.stop('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 20));
  const late = await postJson(`${radish.url}/generate`, { text: 'x' }).then(
    (response) => response.status,
    () => 'refused',
  );
  t.ok(late === 503 || late === 'refused', `new work: ${late}`);
  t.equal((await pending).meta_info.completion_tokens, 150);
  t.equal(await exit, 0);
});

t.test('SIGTERM as soon as it serves drains too, whatever the warm-up does', async (t) => {
  const run = runRadish(['serve', '--port', String(await freePort())]);
  await run.printed('Warming up');
  run.child.kill('SIGTERM');
  t.equal(await run.exit, 0, run.log());
  t.match(run.log(), /Bye\./);
});

t.test('a signal while the model loads ends it at once, with a sentence', async (t) => {
  const run = runRadish(['serve', '--port', String(await freePort())]);
  await run.printed('Listening on');
  run.child.kill('SIGINT');
  await run.exit;
  t.match(run.log(), /Stopped while loading\./);
});

t.test('a second signal does not wait', async () => {
  const radish = await startRadish();
  void generate(radish.url, {
    text: 'Once',
    sampling_params: { max_new_tokens: 1800, ignore_eos: true },
  }).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const began = Date.now();
  radish.child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 50));
  await radish.stop('SIGTERM');
  t.ok(Date.now() - began < 3000, `took ${Date.now() - began} ms`);
});

t.test('nothing about its log or its terminal ends a server', async (t) => {
  const port = String(await freePort());
  for (const sink of ['| head -1', '> /dev/full']) {
    const command = `exec 2>&1; ${process.execPath} dist/src/main.js --port ${port} ${sink}`;
    const shell = spawn('bash', ['-c', command], { stdio: 'ignore', detached: true });
    const url = `http://127.0.0.1:${port}`;
    await until(() => isUp(url));
    for (let i = 0; i < 3; i++)
      t.equal((await postJson(`${url}/configure_logging`, { log_requests: true })).status, 200);
    const answer = await generate(url, { text: 'Once', sampling_params: { max_new_tokens: 4 } });
    t.equal(answer.meta_info.completion_tokens, 4, sink);
    process.kill(-(shell.pid ?? 0), 'SIGTERM');
    await until(async () => !(await isUp(url)));
  }
});

t.test('a server outlives its terminal, and opens no inspector', async (t) => {
  const radish = await startRadish();
  t.teardown(() => radish.stop());
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
    radish.child.kill(signal);
    await until(() => Promise.resolve(radish.log().includes(`${signal}: nothing to do`)));
  }
  t.equal((await fetch(`${radish.url}/health`)).status, 200);
  t.notMatch(radish.log(), /Debugger/);
});

t.test(
  'the runtime reports nothing: no trace of its telemetry, no socket but loopback',
  async (t) => {
    const home = await mkdtemp(join(tmpdir(), 'radish-home-'));
    const radish = await startRadish([], { HOME: home, TMPDIR: home, XDG_CACHE_HOME: undefined });
    t.teardown(() => radish.stop());
    const files = await readdir(home, { recursive: true });
    t.strictSame(
      files.filter((name) => /microsoft|onnxruntime|mat-debug|\.ses/i.test(name)),
      [],
    );
    const peers = await peersOf(radish.child.pid ?? 0);
    t.ok(peers.length > 0, 'it listens');
    t.strictSame(
      peers.filter((address) => !/^(0+|0100007F)$/.test(address)),
      [],
    );
  },
);

t.test('too few file descriptors are one sentence', async (t) => {
  // With the first three not even the modules could be loaded.
  for (const limit of [64, 100, 128, 224]) {
    const command = `ulimit -n ${limit}; exec ${process.execPath} dist/src/main.js --port 0`;
    const shell = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    for (const stream of [shell.stdout, shell.stderr])
      stream.on('data', (text: Buffer) => (log += text.toString()));
    const [code] = (await once(shell, 'close')) as [number];
    t.equal(code, 1);
    t.match(log, new RegExp(`^This process may open ${limit} files .* raise ulimit -n\\.\\n$`));
  }
});

async function isUp(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** The other ends of a process's TCP sockets, as hexadecimal addresses. */
async function peersOf(pid: number): Promise<string[]> {
  const inodes = new Set<string>();
  for (const fd of await readdir(`/proc/${pid}/fd`)) {
    const link = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8').catch(() => '')),
  );
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => inodes.has(fields[9] ?? ''))
    .map((fields) => fields[2]?.split(':')[0] ?? '');
}
