import { FLAG_GROUPS, type FlagName } from '../config/server-args.js';
import type { CliCommand, CommandArgument } from './command.js';
import { EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE } from './exit-codes.js';
import { shownFlag, type ShownFlag } from './server-flags.js';

/** Columns of the left part; what is longer has its text on the next line. */
const LEFT = 30;
const WIDTH = 100;

/** The server's flags that nearly everybody needs: the others are one command away. */
const COMMON: Readonly<Record<'all' | 'model', readonly (FlagName | 'config')[]>> = {
  all: [
    'model-path',
    'served-model-name',
    'quantization',
    'context-length',
    'is-embedding',
    'host',
    'port',
    'api-key',
    'max-total-tokens',
    'max-running-requests',
    'dp-size',
    'enable-metrics',
    'log-level',
    'config',
  ],
  model: ['model-path', 'quantization', 'context-length', 'num-threads'],
};

const HELP: ShownFlag = { flags: '-h, --help', help: 'Print this help.' };
const VERSION: ShownFlag = { flags: '-V, --version', help: 'Print the version.' };

const EXIT_CODES = `Exit codes: ${EXIT_OK} done, ${EXIT_FAILED} failed, ${EXIT_USAGE} wrong command line, ${EXIT_INTERRUPTED} interrupted, 137 a server ended at once.`;

/** `radish --help` */
export function programHelp(commands: readonly CliCommand[]): string {
  return page([
    "Radish: SGLang's model server, rebuilt in TypeScript on Node.js.",
    'Usage: radish [COMMAND] [flags]',
    section(
      'Commands',
      commands.map(({ name, summary }) => ({ flags: name, help: `${summary}.` })),
    ),
    section('Flags', [HELP, VERSION]),
    [
      'Examples:',
      '  radish                                  # serves the built-in model on port 30000',
      '  radish serve --model-path HuggingFaceTB/SmolLM2-135M-Instruct',
      '  radish chat --url http://127.0.0.1:30000',
    ].join('\n'),
    [
      'Environment: every flag of serve is a variable (--page-size is RADISH_PAGE_SIZE); HF_TOKEN,',
      'HF_ENDPOINT, HF_HUB_CACHE and HF_HUB_OFFLINE mean what they mean to huggingface_hub.',
    ].join('\n'),
    'radish help COMMAND says more of each; radish help flags lists every flag of a server.',
  ]);
}

/** `radish help COMMAND` */
export function commandHelp(command: CliCommand): string {
  const { name, summary, about, words, options, serverFlags, examples } = command;
  const common = serverFlags === 'none' ? [] : COMMON[serverFlags].map(shownFlag);
  const usage = ['radish', name, ...words.map(shownWord), '[flags]'].join(' ');
  return page([
    `${summary}.${about === undefined ? '' : `\n${about}`}`,
    `Usage: ${usage}`,
    section('Flags', [...options, HELP]),
    ...(common.length === 0
      ? []
      : [section("Some of the server's flags", common), 'All of them: radish help flags']),
    ['Examples:', ...examples.map((line) => `  ${line}`)].join('\n'),
    EXIT_CODES,
  ]);
}

/** `radish help flags` */
export function flagsHelp(): string {
  const groups = Object.entries(FLAG_GROUPS).map(([group, flags]) =>
    section(
      group,
      (Object.keys(flags) as FlagName[]).map((name) => shownFlag(name)),
    ),
  );
  return page([
    'Flags of a server. Each is an environment variable too: --page-size is RADISH_PAGE_SIZE.',
    section('General', [shownFlag('config')]),
    ...groups,
  ]);
}

function shownWord({ name, kind }: CommandArgument): string {
  return kind === 'required' ? name : kind === 'optional' ? `[${name}]` : `[${name}...]`;
}

function page(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function section(title: string, rows: readonly ShownFlag[]): string {
  return [`${title}:`, ...rows.map(row)].join('\n');
}

function row({ flags, help }: ShownFlag): string {
  const left = `  ${flags}`;
  const lines = wrap(help, WIDTH - LEFT);
  const isShort = left.length < LEFT;
  const [first = '', ...rest] = lines.map((line) => ' '.repeat(LEFT) + line);
  return [...(isShort ? [left + first.slice(left.length)] : [left, first]), ...rest].join('\n');
}

/** Lines of at most `width` characters, broken at spaces. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
