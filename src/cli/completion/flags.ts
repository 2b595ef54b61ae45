import { flagEntries, type FlagName } from '../../config/server-args.js';
import type { FlagSpec } from '../../config/flag-spec.js';
import type { CliCommand, CommandOption } from '../command.js';

/** A flag as a shell completes it. */
export interface CompletedFlag {
  /** With its dashes. */
  readonly name: string;
  readonly help: string;
  /** What may follow it; `switch` = nothing. */
  readonly value: 'switch' | 'text' | 'file' | readonly string[];
}

/** Placeholders of values that are paths. */
const PATHS: ReadonlySet<string> = new Set(['file', 'path', 'folder']);
/** Flags of the server whose values are paths. */
const PATH_FLAG = /(?:-path|-dir|-file|^chat-template)$/;

const HELP: CompletedFlag = { name: '--help', help: 'Print this help.', value: 'switch' };
const CONFIG: CompletedFlag = {
  name: '--config',
  help: 'YAML or JSON file with arguments.',
  value: 'file',
};

/** A command's own flags, and the server's where it takes them; each name once, by the alphabet. */
export function flagsOf({ options, serverFlags }: CliCommand): readonly CompletedFlag[] {
  const server = serverFlags === 'none' ? [] : serverFlagList();
  // The command's own goes before the server's of the same name.
  const all = [HELP, ...server, ...options.map(ownFlag)];
  const named = new Map(all.map((flag) => [flag.name, flag]));
  return [...named.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What may stand for a word of a command: `bash|zsh|fish` names its choices. */
export function wordChoices({ words }: CliCommand): readonly string[] {
  return words.flatMap(({ name }) => (name.includes('|') ? name.split('|') : []));
}

function ownFlag({ flags, help }: CommandOption): CompletedFlag {
  const [, name = '', placeholder] = /(--[\w-]+)(?: [<[]([^>\]]+))?/.exec(flags) ?? [];
  if (placeholder === undefined) return { name, help, value: 'switch' };
  const choices = placeholder.split('|');
  if (choices.length > 1) return { name, help, value: choices };
  return { name, help, value: PATHS.has(placeholder) ? 'file' : 'text' };
}

function serverFlagList(): readonly CompletedFlag[] {
  return [CONFIG, ...flagEntries().map(([name, spec]) => serverFlag(name, spec))];
}

function serverFlag(name: FlagName, { type, choices, help }: FlagSpec): CompletedFlag {
  const value = choices.length > 0 ? choices : PATH_FLAG.test(name) ? 'file' : 'text';
  return { name: `--${name}`, help, value: type === 'bool' ? 'switch' : value };
}
