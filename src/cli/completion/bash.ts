import type { CliCommand } from '../command.js';
import { flagsOf, wordChoices, type CompletedFlag } from './flags.js';

/** A script for bash 3.2 and newer. @param commands the first is what `radish` without a command does */
export function bashScript(commands: readonly CliCommand[]): string {
  const names = commands.map(({ name }) => name);
  return `# Completion of radish: eval "$(radish completion bash)"
_radish() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD - 1]}" cmd=${names[0] ?? ''}
  COMPREPLY=()
  if [ "$cur" = "=" ]; then
    cur=""
  elif [ "$prev" = "=" ]; then
    prev="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  if [ "$COMP_CWORD" -gt 1 ]; then
    case "\${COMP_WORDS[1]}" in
      help | ${names.join(' | ')}) cmd="\${COMP_WORDS[1]}" ;;
    esac
  elif [[ "$cur" != -* ]]; then
    COMPREPLY=($(compgen -W "${names.join(' ')} help" -- "$cur"))
    return
  fi
  case "$cmd $prev" in
${commands.flatMap(valueCases).join('\n')}
  esac
  case "$cmd" in
    help) COMPREPLY=($(compgen -W "${names.join(' ')} flags" -- "$cur")) ;;
${commands.map(commandCase).join('\n')}
  esac
}
_radish_files() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$1"))
  compopt -o filenames 2>/dev/null
}
complete -F _radish radish
`;
}

/** What follows a flag: files, choices, or what nobody can guess. */
function valueCases(command: CliCommand): readonly string[] {
  const flags = flagsOf(command);
  const patterns = (found: readonly CompletedFlag[]): string =>
    found.map(({ name }) => `"${command.name} ${name}"`).join(' | ');
  const files = flags.filter(({ value }) => value === 'file');
  const texts = flags.filter(({ value }) => value === 'text');
  return [
    ...(files.length === 0 ? [] : [`    ${patterns(files)}) _radish_files "$cur"; return ;;`]),
    ...(texts.length === 0 ? [] : [`    ${patterns(texts)}) return ;;`]),
    ...flags.flatMap((flag) =>
      typeof flag.value === 'string'
        ? []
        : [
            `    ${patterns([flag])}) COMPREPLY=($(compgen -W "${flag.value.join(' ')}" -- "$cur")); return ;;`,
          ],
    ),
  ];
}

function commandCase(command: CliCommand): string {
  const names = flagsOf(command).map(({ name }) => name);
  const choices = wordChoices(command);
  const words =
    choices.length > 0
      ? `COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$cur"))`
      : command.words.length > 0
        ? '_radish_files "$cur"'
        : ':';
  return [
    `    ${command.name})`,
    `      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W "${names.join(' ')}" -- "$cur"))`,
    `      else ${words}; fi ;;`,
  ].join('\n');
}
