import { Option, type Command } from 'commander';

import { isList, shownDefault, type FlagSpec } from '../config/flag-spec.js';
import type { Environment } from '../config/environment.js';
import { loadServerArgs, type LoadedArgs } from '../config/load.js';
import { camelCase, flagEntries, FLAGS, type FlagName } from '../config/server-args.js';
import { KNOWN_UNSUPPORTED } from '../config/unsupported-flags.js';

const CONFIG = {
  flags: '--config <file>',
  help: 'YAML or JSON file with arguments as keys; flags win.',
};

/** A flag as its help shows it. */
export interface ShownFlag {
  readonly flags: string;
  readonly help: string;
}

/** Lets a command read the server's flags, and SGLang's others. A flag that it has declared itself stays its own. */
export function declareServerFlags(command: Command): void {
  const declare = (flags: string): void => {
    const option = new Option(flags);
    if (command.options.every(({ long }) => long !== option.long)) command.addOption(option);
  };
  declare(CONFIG.flags);
  for (const [name, spec] of flagEntries()) declare(spelled(name, spec));
  for (const name of KNOWN_UNSUPPORTED) declare(`--${name} [values...]`);
}

/** What {@link declareServerFlags} let a command read. @throws UsageError */
export function serverArgsOf(
  options: Readonly<Record<string, unknown>>,
  env?: Environment,
): LoadedArgs {
  const config = typeof options['config'] === 'string' ? options['config'] : null;
  const loaded = loadServerArgs(givenFlags(options), config, env);
  return { ...loaded, warnings: [...warningsOf(options), ...loaded.warnings] };
}

/** `config`, or a flag of the server, for a help text. */
export function shownFlag(name: FlagName | 'config'): ShownFlag {
  if (name === 'config') return CONFIG;
  const spec: FlagSpec = FLAGS[name];
  const preset = shownDefault(spec);
  const shown = preset === null ? '' : ` (default: ${preset})`;
  const choices = spec.choices.length === 0 ? '' : ` One of: ${spec.choices.join(', ')}.`;
  return { flags: spelled(name, spec), help: `${spec.help}${choices}${shown}` };
}

function spelled(name: string, spec: FlagSpec): string {
  return `--${name}${spec.type === 'bool' ? '' : ` <${placeholder(spec)}>`}`;
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
  return KNOWN_UNSUPPORTED.filter((name) => options[camelCase(name)] !== undefined).map(
    (name) => `--${name} has no effect in this server.`,
  );
}
