import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import t from 'tap';

import { COMMANDS } from '../../../../src/cli/commands.js';
import { bashScript } from '../../../../src/cli/completion/bash.js';
import { fishScript } from '../../../../src/cli/completion/fish.js';
import { flagsOf } from '../../../../src/cli/completion/flags.js';
import { zshScript } from '../../../../src/cli/completion/zsh.js';
import { flagEntries } from '../../../../src/config/server-args.js';

const [serve] = COMMANDS;

t.test('flags are those of the tables', (t) => {
  const names = flagsOf(serve).map(({ name }) => name);
  for (const [name] of flagEntries()) t.ok(names.includes(`--${name}`), name);
  t.equal(new Set(names).size, names.length);
  const flags = new Map(COMMANDS.flatMap(flagsOf).map((flag) => [flag.name, flag]));
  t.match(flags.get('--quantization')?.value, ['auto', 'none']);
  t.match(flags.get('--backend')?.value, ['sglang', 'openai', 'openai-chat']);
  t.equal(flags.get('--model-path')?.value, 'file');
  t.equal(flags.get('--schema')?.value, 'file');
  t.equal(flags.get('--no-history')?.value, 'switch');
  t.equal(flags.get('--disable-radix-cache')?.value, 'switch');
  t.equal(flags.get('--port')?.value, 'text');
  t.end();
});

const hasShell = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

t.test('bash completes', { skip: hasShell('bash') ? false : 'no bash' }, (t) => {
  const dir = t.testdir({ 'a model': {}, 'schema.json': '' });
  const complete = (...words: readonly string[]): readonly string[] => {
    const script = [
      bashScript(COMMANDS),
      'COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))',
      '_radish',
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ].join('\n');
    const run = spawnSync('bash', ['-c', script, 'bash', 'radish', ...words], {
      cwd: dir,
      encoding: 'utf8',
    });
    t.equal(run.stderr, '');
    return run.stdout.split('\n').filter((line) => line !== '');
  };
  const cases: [string[], readonly string[]][] = [
    [[''], [...COMMANDS.map(({ name }) => name), 'help']],
    [['ch'], ['chat']],
    [['--por'], ['--port']],
    [['serve', '--model-p'], ['--model-path']],
    [
      ['serve', '--quantization', 'int'],
      ['int8', 'int4'],
    ],
    [
      ['serve', '--quantization', '=', ''],
      ['auto', 'none', 'w8a8_int8', 'int8', 'int4'],
    ],
    [['--quantization', 'w'], ['w8a8_int8']],
    [['bench', '--backend', 'openai-'], ['openai-chat']],
    [['bench', '--num-prompts', ''], []],
    [['serve', ''], []],
    [['run', '--schema', 's'], ['schema.json']],
    [['chat', 'a'], ['a model']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['help', 'f'], ['flags']],
  ];
  for (const [words, expected] of cases)
    t.strictSame(complete(...words), expected, words.join(' '));
  t.end();
});

t.test('each shell reads its script', (t) => {
  const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
  for (const [shell, scriptOf] of Object.entries(scripts)) {
    const script = scriptOf(COMMANDS);
    for (const { name } of COMMANDS) t.match(script, name);
    t.match(script, /model-path/);
    if (!hasShell(shell)) continue;
    const file = join(t.testdir({ script }), 'script');
    const { stderr, status } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    t.strictSame({ stderr, status }, { stderr: '', status: 0 }, shell);
  }
  t.end();
});

t.test('a quote in a text ends nothing', (t) => {
  const command = {
    ...serve,
    name: 'x',
    summary: "it's \\",
    options: [],
    serverFlags: 'none',
  } as const;
  t.match(zshScript([command]), String.raw`'x:it'\''s \'`);
  t.match(fishScript([command]), String.raw`-a x -d 'it\'s \\'`);
  t.end();
});
