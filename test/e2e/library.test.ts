/** `import { Radish } from 'radish-server'`, in a program of its own: what it leaves behind shows only there. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const PROGRAM = fileURLToPath(new URL('../programs/library.js', import.meta.url));

interface Report {
  readonly [what: string]: unknown;
}

function runProgram(): Promise<{ report: Report; code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Report;
      resolve({ report, code, stderr });
    });
  });
}

t.test('a program asks two models, serves one of them, and ends by itself', async (t) => {
  const { report, code, stderr } = await runProgram();
  t.equal(code, 0, stderr);
  t.equal(stderr, '', 'nothing is written');
  t.match(report, {
    model: 'radish-tiny',
    progressGrows: true,
    progressEnds: 1,
    chat: 'The capital of France is Paris.',
    streamed: 'The capital of Italy is Rome.',
    generated: ' Paris.',
    batch: 2,
    loose: [true, true],
    warned: [],
    isShared: true,
    overHttp: 'The capital of France is Paris.',
    afterReturn: [true, true],
    afterBreak: { num_reqs: 0 },
    secondAnswersAfterFirstClosed: true,
  });
  t.same(report['errors'], [
    [400, 'BadRequestError', 400],
    [400, 'BadRequestError', 400],
    [400, 'BadRequestError', 400],
    [400, 'BadRequestError', 400],
    [400, 'BadRequestError', 400],
    [400, 'BadRequestError', 400],
    [400, 'BadRequestError', 'context_length_exceeded'],
    [400, 'BadRequestError', 'invalid_option'],
    [500, 'StartupError', 'startup_failed'],
    [500, 'StartupError', 'startup_failed'],
    [400, 'BadRequestError', 'invalid_option'],
  ]);
  t.same(report['aborted'], ['AbortError', 'AbortError']);
  t.same(
    report['closing'],
    [503, 503, 503],
    'one that ran, one that streamed, one that came later',
  );
  t.equal(report['drained'], 200, 'tokens');
  t.equal(report['hurried'], 503, 'a second close() waits for nobody');
  t.same(report['newVariables'], ['ORT_DISABLE_TELEMETRY']);
  t.same(report['newListeners'], []);
});
