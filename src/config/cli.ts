import { Argument, Command, CommanderError, Option } from 'commander';

import { isList, shownDefault, UsageError, type FlagSpec } from './flag-spec.js';
import { canonicalFlag } from './flag-spelling.js';
import { loadServerArgs, type Environment, type LoadedArgs } from './load.js';
import { camelCase, FLAG_GROUPS, FLAGS, type FlagName } from './server-args.js';
import { KNOWN_UNSUPPORTED, REFUSED } from './unsupported-flags.js';

/** Exit codes: 0 = ended as asked, 1 = could not start, 2 = wrong command line. */
export const EXIT_OK = 0;
export const EXIT_STARTUP = 1;
export const EXIT_USAGE = 2;

/** `serve` where none is named; `doctor` tells whether it would start. */
const COMMANDS = ['serve', 'doctor'] as const;

export type CliResult =
  | ({ readonly kind: 'serve' } & LoadedArgs)
  | ({ readonly kind: 'doctor' } & LoadedArgs)
  /** `text` goes to stdout with code 0, to stderr otherwise. */
  | { readonly kind: 'exit'; readonly code: number; readonly text: string };

/** Reads a command line: `radish [serve|doctor] [flags]`. `argv` is without node and script. */
export function parseCli(argv: readonly string[], version: string, env?: Environment): CliResult {
  let text = '';
  const program = createProgram(version).configureOutput({
    writeOut: (part) => {
      text += part;
    },
    writeErr: () => undefined,
  });
  try {
    program.parse(argv.map(canonicalFlag), { from: 'user' });
    const options = program.opts<Record<string, unknown>>();
    const config = typeof options['config'] === 'string' ? options['config'] : null;
    const loaded = loadServerArgs(givenFlags(options), config, env);
    const kind = COMMANDS.find((name) => name === program.args[0]) ?? 'serve';
    return { kind, ...loaded, warnings: [...warningsOf(options), ...loaded.warnings] };
  } catch (error) {
    if (error instanceof UsageError) return usage(error.message);
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? { kind: 'exit', code: EXIT_OK, text } : usage(error.message);
  }
}

function usage(message: string): CliResult {
  // A misspelled flag may have had a key behind it.
  const named = message.replace(/(unknown option '[^'=]*)=.*'/s, "$1'");
  const sentence = named.replace(/^error: /, '').replaceAll('\n', ' ');
  const full = /[.)]$/.test(sentence) ? sentence : `${sentence}.`;
  return { kind: 'exit', code: EXIT_USAGE, text: `${full} Try radish --help.\n` };
}

function createProgram(version: string): Command {
  const program = new Command('radish')
    .description("SGLang's model server, rebuilt in TypeScript on Node.js.")
    .version(version, '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Print this help.')
    .addArgument(
      new Argument('[command]', 'serve (default), or doctor: would it start here?').choices(
        COMMANDS,
      ),
    )
    .exitOverride();
  program.addOption(
    new Option('--config <file>', 'YAML or JSON file with arguments as keys; flags win.').helpGroup(
      'General:',
    ),
  );
  for (const [group, flags] of Object.entries(FLAG_GROUPS)) {
    for (const [name, spec] of Object.entries(flags as Record<string, FlagSpec>)) {
      program.addOption(optionOf(name, spec).helpGroup(`${group}:`));
    }
  }
  for (const name of [...KNOWN_UNSUPPORTED, ...Object.keys(REFUSED)]) {
    program.addOption(new Option(`--${name} [values...]`).hideHelp());
  }
  return program;
}

function optionOf(name: string, spec: FlagSpec): Option {
  const value = spec.type === 'bool' ? '' : ` <${placeholder(spec)}>`;
  const preset = shownDefault(spec);
  const shown = preset === null ? '' : ` (default: ${preset})`;
  const choices = spec.choices.length === 0 ? '' : ` One of: ${spec.choices.join(', ')}.`;
  return new Option(`--${name}${value}`, `${spec.help}${choices}${shown}`);
}

function placeholder(spec: FlagSpec): string {
  const { type } = spec;
  if (isList(spec)) return 'values...';
  return type === 'int' || type === 'float' ? 'n' : type === 'json' ? 'json' : 'value';
}

function givenFlags(options: Readonly<Record<string, unknown>>): Map<FlagName, string> {
  const given = new Map<FlagName, string>();
  for (const name of Object.keys(FLAGS) as FlagName[]) {
    const value = options[camelCase(name)];
    if (value === true) given.set(name, 'true');
    else if (typeof value === 'string') given.set(name, value);
    else if (Array.isArray(value)) given.set(name, value.join(' '));
  }
  return given;
}

function warningsOf(options: Readonly<Record<string, unknown>>): string[] {
  for (const [name, why] of Object.entries(REFUSED)) {
    if (options[camelCase(name)] !== undefined) throw new UsageError(`--${name}: ${why}`);
  }
  return KNOWN_UNSUPPORTED.filter((name) => options[camelCase(name)] !== undefined).map(
    (name) => `--${name} has no effect in this server.`,
  );
}
