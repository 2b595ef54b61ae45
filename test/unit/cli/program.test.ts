import t from 'tap';

import { COMMANDS } from '../../../src/cli/commands.js';
import { parseCommandLine, wrongUsage, type CommandLine } from '../../../src/cli/program.js';
import { UsageError } from '../../../src/config/flag-spec.js';
import type { LoadedArgs } from '../../../src/config/load.js';

type Env = Record<string, string>;

function parse(argv: string[], env: Env): CommandLine {
  return parseCommandLine(argv, { commands: COMMANDS, version: '1.2.3', env });
}

function serve(argv: string[], env: Env = {}): LoadedArgs {
  const line = parse(argv, env);
  if (line.kind === 'exit') throw new Error(line.text);
  t.equal(line.command.name, 'serve');
  return line.invocation.serverArgs();
}

function exit(argv: string[], env: Env = {}): { code: number; text: string } {
  const line = parse(argv, env);
  if (line.kind === 'exit') return line;
  try {
    line.invocation.serverArgs();
  } catch (error) {
    if (error instanceof UsageError) return wrongUsage(error.message);
  }
  throw new Error('It would run.');
}

t.test('no arguments serve the defaults', (t) => {
  const { args, warnings } = serve([]);
  t.strictSame(warnings, []);
  t.match(args, {
    host: '127.0.0.1',
    port: 30000,
    device: 'cpu',
    pageSize: null,
    chunkedPrefillSize: 512,
    maxQueuedRequests: 4096,
    memFractionStatic: null,
    schedulePolicy: 'fcfs',
    dpSize: 1,
  });
  t.equal(args.modelPath, null);
  t.end();
});

t.test('flags are read in every spelling', (t) => {
  t.equal(serve(['serve', '--port=30010']).args.port, 30010);
  t.equal(serve(['--model', 'a/b']).args.modelPath, 'a/b');
  t.equal(serve(['--model-path=a=b']).args.modelPath, 'a=b');
  t.equal(serve(['--dp', '2']).args.dpSize, 2);
  t.equal(serve(['--chunked-prefill-size', '-1']).args.chunkedPrefillSize, -1);
  t.equal(serve(['--stream-output']).args.incrementalStreamingOutput, true);
  t.equal(serve(['--disable-radix-cache']).args.disableRadixCache, true);
  const params = serve(['--preferred-sampling-params', '{"top_k":5}']).args.preferredSamplingParams;
  t.strictSame(params, { top_k: 5 });
  t.end();
});

t.test("SGLang's other flags are accepted with one warning each", (t) => {
  const { args, warnings } = serve([
    '--tp-size',
    '2',
    '--trust-remote-code',
    '--cuda-graph-bs',
    '1',
    '2',
    '--port',
    '1',
  ]);
  t.equal(args.port, 1);
  t.strictSame([...warnings].sort(), [
    '--cuda-graph-bs has no effect in this server.',
    '--tp-size has no effect in this server.',
    '--trust-remote-code has no effect in this server.',
  ]);
  t.end();
});

t.test('a name may be cut short, as argparse allows, while it can mean one flag', (t) => {
  const { args, warnings } = serve([
    '--mem-frac',
    '0.3',
    '--disable-radix',
    '--speculative-draft-load=x',
    '--speculative-token',
    'A',
  ]);
  t.match(args, { memFractionStatic: 0.3, disableRadixCache: true });
  t.strictSame(warnings, [
    '--speculative-draft-load-format has no effect in this server.',
    '--speculative-token-map has no effect in this server.',
  ]);
  t.strictSame(
    exit(['--log-r', 'x']).text.slice(0, 40),
    '--log-r could be --log-requests, --log-r',
  );
  t.match(exit(['--mem-fractions', '1']).text, /^unknown option '--mem-fractions'/);
  t.match(exit(['--', 'x']).text, /too many arguments/);
  t.end();
});

t.test('parsers that only SGLang has are refused by name', (t) => {
  t.equal(serve(['--tool-call-parser', 'glm45'], {}).args.toolCallParser, 'glm45');
  t.throws(() => serve(['--tool-call-parser', 'lfm2'], {}), {
    message: /^--tool-call-parser: SGLang has 'lfm2', this server does not. It has auto, none, /,
  });
  t.throws(() => serve(['--reasoning-parser', 'x'], {}), {
    message: /^--reasoning-parser must be one of auto, none, deepseek-r1, /,
  });
  t.end();
});

t.test("SGLang's choices for other machines leave the default, with a warning", (t) => {
  const { args, warnings } = serve(['--device', 'npu', '--load-format=npcache'], {
    RADISH_SCHEDULE_POLICY: 'priority',
  });
  t.match(args, { device: 'cpu', loadFormat: 'auto', schedulePolicy: 'fcfs' });
  t.strictSame(warnings, [
    '--load-format: npcache has no effect in this server.',
    '--device: npu has no effect in this server.',
    'RADISH_SCHEDULE_POLICY: priority has no effect in this server.',
  ]);
  t.end();
});

t.test('what SGLang calls quantised checkpoints waits for the checkpoint', (t) => {
  const { args, warnings } = serve(['--quantization', 'gptq_marlin']);
  t.equal(args.quantization, 'gptq_marlin');
  t.strictSame(warnings, []);
  t.match(exit(['--quantization', 'q4']).text, /must be one of auto, none, [^,]+, int8, int4, got/);
  t.end();
});

t.test('a wrong command line is one sentence and exit code 2', (t) => {
  const cases: [string[], RegExp][] = [
    [['--prot', '1'], /^unknown option '--prot' \(Did you mean --port\?\)/],
    [['--port', 'x'], /^--port must be an integer from 0 to 65535, got 'x'\./],
    [['--port', '1.5'], /^--port must be an integer/],
    [['--port', '65536'], /^--port must be an integer/],
    [['--mem-fraction-static', '1.5'], /^--mem-fraction-static must be a number from/],
    [
      ['--schedule-policy', 'x'],
      /^--schedule-policy must be one of fcfs, lpm, dfs-weight, lof, random, got 'x'\./,
    ],
    [
      ['--speculative-algorithm', 'EAGLE'],
      /^--speculative-algorithm: SGLang has 'EAGLE', this server does not\. It has NGRAM, STANDALONE\./,
    ],
    [
      ['--speculative-algorithm', 'x'],
      /^--speculative-algorithm must be one of NGRAM, STANDALONE, got 'x'\./,
    ],
    [['--chunked-prefill-size', '0'], /^--chunked-prefill-size must be at least 1, or -1/],
    [['--preferred-sampling-params', '{'], /^--preferred-sampling-params must be a JSON object/],
    [['--page-size'], /^option '--page-size <n>' argument missing\./],
    [['--ssl-keyfile', 'x'], /^--ssl-keyfile requires --ssl-certfile to be specified as well\./],
    [['--ssl-certfile', 'x'], /^--ssl-certfile requires --ssl-keyfile to be specified as well\./],
    [['--ssl-ca-certs', 'x'], /^--ssl-ca-certs has no effect without /],
    [['--ssl-keyfile-password', 'x'], /^--ssl-keyfile-password has no effect without /],
    [['--enable-ssl-refresh'], /^--enable-ssl-refresh requires --ssl-certfile and --ssl-keyfile/],
    [['train'], /^Unknown command 'train': there are serve, chat, .*doctor/],
    [['serve', 'x'], /^too many arguments/],
    [['help', 'x'], /^Unknown command 'x'/],
    [['--config', 'no/such.json'], /^The config file no\/such\.json cannot be read\./],
  ];
  for (const [argv, pattern] of cases) {
    const { code, text } = exit(argv);
    t.equal(code, 2, argv.join(' '));
    t.match(text, pattern);
    t.equal(text.trimEnd().split('\n').length, 1);
  }
  t.end();
});

t.test('help and version go to stdout with code 0', (t) => {
  t.strictSame(exit(['--version']), { kind: 'exit', code: 0, text: '1.2.3\n' });
  t.strictSame(exit(['-V']), exit(['--version']));
  const help = exit(['--help']);
  t.equal(help.code, 0);
  for (const { name } of COMMANDS) t.match(help.text, new RegExp(`^ {2}${name} `, 'm'));
  t.strictSame(exit(['help']), help);
  t.strictSame(exit(['-h']), help);
  const flags = exit(['help', 'flags']);
  t.match(flags.text, /--model-path <value>/);
  t.match(flags.text, /Scheduling:/);
  t.notMatch(flags.text, /--tp-size/);
  for (const { name, examples } of COMMANDS) {
    const { code, text } = exit([name, '--help']);
    t.equal(code, 0);
    t.strictSame(exit(['help', name]), { kind: 'exit', code, text });
    t.ok(text.split('\n').length <= 60, `${name}: ${text.split('\n').length} lines`);
    t.ok(examples.length > 0 && text.includes(examples[0] ?? ''));
    for (const line of text.split('\n')) t.ok(line.length <= 110, line);
  }
  t.end();
});

t.test('the command line wins over the environment, which wins over the file', (t) => {
  const dir = t.testdir({
    'config.json': JSON.stringify({ port: 1, page_size: 2, 'dp-size': 3, 'log-level': null }),
    'bad.json': JSON.stringify({ port: '1' }),
    'unknown.json': JSON.stringify({ prot: 1 }),
    'old.json': JSON.stringify({ tp_size: 2 }),
    'broken.json': '{',
    'alias.json': JSON.stringify({ model: 'a/b', tensor_parallel_size: 2 }),
  });
  const env = { RADISH_PAGE_SIZE: '4', RADISH_PORT: '5', RADISH_DISABLE_RADIX_CACHE: '1' };
  const { args } = serve(['--config', `${dir}/config.json`, '--port', '6'], env);
  t.match(args, { port: 6, pageSize: 4, dpSize: 3, logLevel: 'info', disableRadixCache: true });
  t.match(exit([], { RADISH_PORT: 'x' }).text, /^RADISH_PORT must be an integer/);
  t.match(exit([], { RADISH_DISABLE_RADIX_CACHE: 'x' }).text, /must be true or false/);
  t.match(exit(['--config', `${dir}/bad.json`]).text, /^port in .*bad\.json must be an integer/);
  t.match(exit(['--config', `${dir}/unknown.json`]).text, /unknown key 'prot'/);
  t.match(exit(['--config', `${dir}/broken.json`]).text, /broken\.json, line 1 is not valid YAML/);
  t.equal(serve(['--config', `${dir}/alias.json`]).args.modelPath, 'a/b');
  t.match(serve(['--config', `${dir}/old.json`]).warnings, [/^tp_size in .* has no effect/]);
  t.end();
});

t.test('what could not protect is refused, and no key is ever shown', (t) => {
  const dir = t.testdir({ 'key.yaml': 'api_key: 123456\n', 'keys.yaml': 'api_key: [sesame]\n' });
  for (const argv of [
    ['--api-key', ''],
    ['--api-key', ' '],
    ['--api-key', 'sesame€'],
    ['--api-key', 'sesame\n'],
    ['--admin-api-key='],
    ['--config', `${dir}/key.yaml`],
    ['--config', `${dir}/keys.yaml`],
    ['--api-kye=sesame'],
    ['--host', ''],
    ['--host='],
    ['--allowed-hosts', ''],
  ]) {
    const { code, text } = exit(argv);
    t.equal(code, 2, argv.join(' '));
    t.notMatch(text, /sesame|123456/);
    t.notMatch(text, /\n./s, 'one line');
  }
  t.equal(exit([], { RADISH_API_KEY: '' }).code, 2, 'by the environment');
  const { args } = serve(['--api-key', 'a key', '--cors-origins', 'https://a', 'http://b:1']);
  t.equal(args.apiKey, 'a key');
  t.strictSame(args.corsOrigins, ['https://a', 'http://b:1']);
  t.strictSame(args.allowedHosts, []);
  t.end();
});

t.test("a config file may be SGLang's YAML", (t) => {
  const dir = t.testdir({
    'config.yaml': [
      '# from the documentation',
      'model-path: meta-llama/Meta-Llama-3-8B-Instruct',
      'host: 0.0.0.0   # all of them',
      'port: 30001',
      'tensor-parallel-size: 2',
      'enable-metrics: true',
      "served-model-name: 'it''s # one'",
      'weight_version: "a\\tb"',
      'dp: 3',
      'mem-fraction-static: 0.25',
      'max-total-tokens:',
      'quantization: fp8',
      'preferred-sampling-params: \'{"top_k": 5}\'',
      'cuda-graph-bs: [1, 2, 4]',
      'lora-paths:',
      '  - a=b',
      '  - c=d',
      '',
    ].join('\n'),
    'nested.yaml': 'port: 1\nmodel:\n  path: x\n',
    'unknown.yaml': 'prot: 1\n',
    'broken.yaml': 'port: 1\nhost: [\n',
    'list.yaml': '- port\n',
    'word.yaml': 'port: soon\n',
  });
  const { args, warnings } = serve(['--config', `${dir}/config.yaml`]);
  t.match(args, {
    modelPath: 'meta-llama/Meta-Llama-3-8B-Instruct',
    host: '0.0.0.0',
    port: 30001,
    enableMetrics: true,
    servedModelName: "it's # one",
    weightVersion: 'a\tb',
    dpSize: 3,
    memFractionStatic: 0.25,
    maxTotalTokens: null,
    quantization: 'fp8',
    preferredSamplingParams: { top_k: 5 },
    loraPaths: ['a=b', 'c=d'],
  });
  t.strictSame(
    warnings.map((warning) => warning.split(' ')[0]),
    ['tensor-parallel-size', 'cuda-graph-bs'],
  );
  t.match(exit(['--config', `${dir}/nested.yaml`]).text, /^model in .* must be a string/);
  t.match(exit(['--config', `${dir}/broken.yaml`]).text, /broken\.yaml, line 3 is not valid YAML/);
  t.match(exit(['--config', `${dir}/list.yaml`]).text, /must hold keys and values/);
  t.match(exit(['--config', `${dir}/unknown.yaml`]).text, /unknown key 'prot'/);
  t.match(exit(['--config', `${dir}/word.yaml`]).text, /^port in .* must be an integer/);
  t.end();
});

t.test('a command is named first, and serve where none is', (t) => {
  t.equal(serve([]).args.port, 30000);
  t.equal(serve(['serve']).args.port, 30000);
  const doctor = parse(['doctor', '--port', '8000'], {});
  if (doctor.kind === 'exit') throw new Error(doctor.text);
  t.equal(doctor.command.name, 'doctor');
  t.equal(doctor.invocation.serverArgs().args.port, 8000);
  t.equal(exit(['heal']).code, 2);
  t.end();
});
