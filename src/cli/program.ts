import { Argument, Command, CommanderError, Option } from 'commander';

import { UsageError } from '../config/flag-spec.js';
import { canonicalFlag } from '../config/flag-spelling.js';
import type { Environment } from '../config/environment.js';
import { loadServerArgs } from '../config/load.js';
import type { CliCommand, CommandArgument, Invocation } from './command.js';
import { EXIT_OK, EXIT_USAGE } from './exit-codes.js';
import { commandHelp, flagsHelp, programHelp } from './help.js';
import { declareServerFlags, serverArgsOf } from './server-flags.js';

export type CommandLine =
  | { readonly kind: 'run'; readonly command: CliCommand; readonly invocation: Invocation }
  /** `text` goes to stdout with code 0, to stderr otherwise. */
  | { readonly kind: 'exit'; readonly code: number; readonly text: string };

export interface Program {
  /** The first is what `radish` without a command does. */
  readonly commands: readonly [CliCommand, ...CliCommand[]];
  readonly version: string;
  readonly env?: Environment;
}

/** Reads `radish [COMMAND] [words] [flags]`. `argv` is without node and script. */
export function parseCommandLine(argv: readonly string[], program: Program): CommandLine {
  const [first = '', ...rest] = argv;
  if (['-h', '--help'].includes(first)) return said(programHelp(program.commands));
  if (['-V', '--version'].includes(first)) return said(`${program.version}\n`);
  if (first === 'help') return help(rest[0], program.commands);
  const named = program.commands.find(({ name }) => name === first);
  const isNamed = named !== undefined;
  if (!isNamed && first !== '' && !first.startsWith('-')) return unknown(first, program.commands);
  return parseFor(named ?? program.commands[0], isNamed ? rest : argv, program.env);
}

/** What a wrong command line is answered with. */
export function wrongUsage(sentence: string): CommandLine & { readonly kind: 'exit' } {
  return { kind: 'exit', code: EXIT_USAGE, text: `${sentence} Try radish --help.\n` };
}

function said(text: string): CommandLine {
  return { kind: 'exit', code: EXIT_OK, text };
}

function help(topic: string | undefined, commands: readonly CliCommand[]): CommandLine {
  if (topic === undefined) return said(programHelp(commands));
  if (topic === 'flags') return said(flagsHelp());
  const command = commands.find(({ name }) => name === topic);
  return command === undefined ? unknown(topic, commands) : said(commandHelp(command));
}

function unknown(word: string, commands: readonly CliCommand[]): CommandLine {
  const names = commands.map(({ name }) => name).join(', ');
  return wrongUsage(`Unknown command '${word}': there are ${names}.`);
}

function parseFor(command: CliCommand, argv: readonly string[], env?: Environment): CommandLine {
  const parser = parserOf(command);
  if (asksForHelp(argv)) return said(commandHelp(command));
  try {
    parser.parse(spelledOut(command, parser, argv), { from: 'user' });
  } catch (error) {
    if (error instanceof UsageError) return wrongUsage(error.message);
    if (error instanceof CommanderError) return wrongUsage(sentenceOf(error.message));
    throw error;
  }
  const options = parser.opts<Invocation['options']>();
  const serverArgs = (): ReturnType<Invocation['serverArgs']> =>
    command.serverFlags === 'none'
      ? loadServerArgs(new Map(), null, env)
      : serverArgsOf(options, env);
  return { kind: 'run', command, invocation: { words: parser.args, options, serverArgs } };
}

/** Behind `--` stand words. */
function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).some((word) => /^(?:-h|--help)$/.test(word));
}

function parserOf(command: CliCommand): Command {
  const parser = new Command(command.name)
    .helpOption(false)
    .allowExcessArguments(false)
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .exitOverride();
  for (const word of command.words) parser.addArgument(argumentOf(word));
  for (const { flags } of command.options) parser.addOption(new Option(flags));
  if (command.serverFlags !== 'none') declareServerFlags(parser);
  return parser;
}

function argumentOf({ name, kind }: CommandArgument): Argument {
  return new Argument(
    kind === 'required' ? `<${name}>` : `[${name}${kind === 'rest' ? '...' : ''}]`,
  );
}

/** The server's flags may be written short; a command's own are as they are. @throws UsageError */
function spelledOut(
  command: CliCommand,
  parser: Command,
  argv: readonly string[],
): readonly string[] {
  if (command.serverFlags === 'none') return argv;
  const own = new Set(parser.options.map(({ long }) => long));
  return argv.map((word) => (own.has(word.split('=')[0]) ? word : canonicalFlag(word)));
}

function sentenceOf(message: string): string {
  // A misspelled flag may have had a key behind it.
  const named = message.replace(/(unknown option '[^'=]*)=.*'/s, "$1'");
  const sentence = named.replace(/^error: /, '').replaceAll('\n', ' ');
  return /[.)]$/.test(sentence) ? sentence : `${sentence}.`;
}
