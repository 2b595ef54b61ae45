import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import { startRadish } from './radish-process.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** A command as a user runs it. */
async function radish(argv: readonly string[], piped = '') {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    env: { ...process.env, NO_COLOR: '1' },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.end(piped);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}

t.test('an answer that a full disk loses is none', { skip: !existsSync('/dev/full') }, (t) => {
  const args = [MAIN, 'completion', 'bash'];
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, args, { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  t.equal(stderr.toString(), 'Cannot write to standard output (ENOSPC).\n');
  t.equal(status, 1);
  t.end();
});

const FRANCE = 'What is the capital of France?';

t.test('chat, run and bench against a server', async (t) => {
  const server = await startRadish();
  t.teardown(() => server.stop());
  const at = ['--url', server.url, '--temperature', '0'];
  t.match(await radish(['chat', ...at], `${FRANCE}\n\n/clear\nWhat is 2 + 2?\n`), {
    code: 0,
    out: /Paris.*\n.*4.*\n$/,
    err: '',
  });
  t.match(await radish(['run', ...at, FRANCE, '--stats']), {
    code: 0,
    out: /^.*Paris.*\n$/,
    err: /^\d+ tokens, .* of \d+ prompt tokens cached\n$/,
  });
  t.match(
    await radish(['run', ...at, '--raw', '--max-tokens', '3', '-'], 'The capital of France is'),
    {
      code: 0,
      out: / Paris/,
    },
  );
  const object = await radish(['run', ...at, '--json', 'Say something.', '--max-tokens', '400']);
  t.equal(typeof JSON.parse(object.out), 'object');
  const sizes = ['--num-prompts', '6', '--random-input-len', '40', '--random-output-len', '8'];
  const ratio = ['--random-range-ratio', '1', '--max-concurrency', '3', '--json'];
  for (const backend of ['sglang', 'openai', 'openai-chat']) {
    const { code, out } = await radish([
      'bench',
      '--url',
      server.url,
      '--backend',
      backend,
      ...sizes,
      ...ratio,
    ]);
    t.equal(code, 0);
    const result = JSON.parse(out) as Record<string, number>;
    t.match(result, { backend, completed: 6, failed: 0, total_output_tokens: 48 });
    const off = Math.abs((result['total_input_tokens'] ?? 0) - 240);
    t.ok(off <= (backend === 'sglang' ? 0 : 24), `${backend}: ${off} tokens off`);
    t.ok((result['mean_ttft_ms'] ?? 0) > 0 && (result['output_throughput'] ?? 0) > 0);
  }
});

t.test('chat and run with a model of their own', async (t) => {
  t.match(await radish(['run', '--temperature', '0', FRANCE]), { code: 0, out: /Paris/, err: '' });
  t.match(await radish(['chat', '--temperature', '0'], `${FRANCE}\n`), {
    code: 0,
    out: /Paris/,
    err: '',
  });
  t.match(
    await radish([
      'run',
      '--raw',
      '--temperature',
      '0',
      '--max-tokens',
      '2',
      'The capital of France is',
    ]),
    {
      code: 0,
      out: / Paris/,
    },
  );
  t.match(await radish(['run', '--top-k', '0', 'x']), { code: 1, out: '', err: /^top_k must be/ });
  t.match(await radish(['chat', './no/such/model']), {
    code: 1,
    out: '',
    err: /no such|no model folder/i,
  });
});

t.test('Ctrl-C ends an answer of run', async (t) => {
  const child = spawn(process.execPath, [
    MAIN,
    'run',
    '--raw',
    '--max-tokens',
    '2000',
    '--temperature',
    '3',
    'Once',
  ]);
  child.stdin.end();
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  t.strictSame({ code, signal }, { code: 130, signal: null });
});
