import t from 'tap';

import { serveCommand } from '../../../src/cli/serve.js';
import { parseCommandLine } from '../../../src/cli/program.js';
import type { ServerArgs } from '../../../src/config/server-args.js';
import { bucketsOf } from '../../../src/core/bucket-rule.js';

function read(argv: string[], env: Record<string, string> = {}): ServerArgs {
  const line = parseCommandLine(argv, { commands: [serveCommand], version: '1.2.3', env });
  if (line.kind === 'exit') throw new Error(line.text);
  return line.invocation.serverArgs().args;
}

t.test('bounds are numbers between spaces or commas', (t) => {
  const flag = '--bucket-time-to-first-token';
  for (const argv of [
    [flag, '0.1', '0.5', '1'],
    [flag, '0.1,0.5,1'],
    [`${flag}=0.1,0.5,1`],
    [flag, '0.1', flag, '0.5', '1'],
  ]) {
    const args = read(['serve', ...argv, '--port', '6']);
    t.strictSame(args.bucketTimeToFirstToken, [0.1, 0.5, 1], argv.join(' '));
    t.equal(args.port, 6);
  }
  const env = { RADISH_BUCKET_E2E_REQUEST_LATENCY: '1, 2', RADISH_BUCKET_INTER_TOKEN_LATENCY: '3' };
  t.match(read([], env), { bucketE2eRequestLatency: [1, 2], bucketInterTokenLatency: [3] });
  t.match(read([]), { bucketTimeToFirstToken: null, promptTokensBuckets: null });
  t.end();
});

t.test('rules are words, also in the environment and the config file', (t) => {
  const tse = ['tse', '1000', '2', '8'];
  t.strictSame(read(['--prompt-tokens-buckets', ...tse]).promptTokensBuckets, tse);
  const env = { RADISH_GENERATION_TOKENS_BUCKETS: 'tse 1000 2 8' };
  t.strictSame(read([], env).generationTokensBuckets, tse);
  const dir = t.testdir({
    'good.json': JSON.stringify({
      bucket_time_to_first_token: [1, 2],
      prompt_tokens_buckets: ['tse', 1000, 2, 8],
    }),
    'bad.json': JSON.stringify({ bucket_time_to_first_token: [2, 1] }),
    'text.json': JSON.stringify({ prompt_tokens_buckets: 'default' }),
  });
  const args = read(['--config', `${dir}/good.json`]);
  t.strictSame(args.bucketTimeToFirstToken, [1, 2]);
  t.strictSame(args.promptTokensBuckets, tse);
  t.throws(() => read(['--config', `${dir}/bad.json`]), {
    message:
      /^bucket_time_to_first_token in .*bad\.json must be a list of ascending numbers, got '2,1'/,
  });
  t.throws(() => read(['--config', `${dir}/text.json`]), { message: /must be 'default', 'tse/ });
  t.end();
});

t.test('wrong bounds and rules are told in one sentence', (t) => {
  const flag = '--bucket-inter-token-latency';
  for (const words of [['x'], ['1', '1'], ['2', '1'], [''], ['1', 'Infinity'], ['1', 'serve']]) {
    const expected = `${flag} must be a list of ascending numbers, got '${words.join(' ')}'`;
    t.throws(() => read([flag, ...words]), { message: new RegExp(`^${expected}`) }, String(words));
  }
  t.throws(() => read([flag]), { message: /argument missing/ });
  t.throws(() => read(['--prompt-tokens-buckets', 'customer', '1']), {
    message: /^--prompt-tokens-buckets must be 'default', 'tse MIDDLE .*, got 'customer 1'/,
  });
  t.end();
});

t.test("the rules are SGLang's", (t) => {
  const of = (rule: string) => bucketsOf(rule.split(' '), [1, 2]);
  t.strictSame(of('default'), [1, 2]);
  t.strictSame(of('custom 50 10 500 10'), [10, 50, 500]);
  t.strictSame(of('tse 1000 2 8'), [984, 992, 996, 998, 1000, 1002, 1004, 1008, 1016]);
  t.strictSame(of('tse 1000 2 7'), of('tse 1000 2 8'), 'an odd count is rounded up');
  t.strictSame(of('tse 3 2 4'), [0, 1, 3, 5, 7], 'never below 0');
  t.strictSame(of('tse 3 2 0'), [3]);
  for (const wrong of [
    'default 1',
    'custom',
    'custom x',
    'tse',
    'tse 1 2',
    'tse 1 1 4',
    'tse 1 2 3 4',
    'tse 1 2 1.5',
    'tse 1 2 101',
    'tse 1 2 -1',
    'tse 1 1e9 100',
    'tse x 2 4',
    'other',
    '',
  ]) {
    t.equal(of(wrong), null, wrong);
  }
  t.equal(bucketsOf([], [1]), null);
  t.end();
});
