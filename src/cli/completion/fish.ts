import type { CliCommand } from '../command.js';
import { flagsOf, wordChoices, type CompletedFlag } from './flags.js';

/** A script for fish. @param commands the first is what `radish` without a command does */
export function fishScript(commands: readonly CliCommand[]): string {
  const names = commands.map(({ name }) => name);
  const none = `not __fish_seen_subcommand_from ${names.join(' ')} help`;
  return [
    '# Completion of radish: radish completion fish | source',
    'complete -c radish -f',
    ...commands.map(
      ({ name, summary }) => `complete -c radish -n '${none}' -a ${name} -d ${quoted(summary)}`,
    ),
    `complete -c radish -n '${none}' -a help -d 'Say more of a command'`,
    `complete -c radish -n '__fish_seen_subcommand_from help' -a '${names.join(' ')} flags'`,
    ...commands.flatMap((command, index) => [
      ...linesOf(command, `__fish_seen_subcommand_from ${command.name}`),
      ...(index === 0 ? linesOf(command, none) : []),
    ]),
    '',
  ].join('\n');
}

function linesOf(command: CliCommand, condition: string): readonly string[] {
  const start = `complete -c radish -n '${condition}'`;
  const choices = wordChoices(command);
  const words =
    choices.length > 0
      ? [`${start} -a '${choices.join(' ')}'`]
      : command.words.length > 0
        ? [`${start} -F`]
        : [];
  return [...words, ...flagsOf(command).map((flag) => `${start} ${optionOf(flag)}`)];
}

function optionOf({ name, help, value }: CompletedFlag): string {
  const option = `-l ${name.slice(2)} -d ${quoted(help)}`;
  if (value === 'switch') return option;
  if (value === 'file') return `${option} -r -F`;
  return value === 'text' ? `${option} -x` : `${option} -x -a '${value.join(' ')}'`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;
}
