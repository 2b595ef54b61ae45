import type { CliCommand } from '../command.js';
import { flagsOf, wordChoices, type CompletedFlag } from './flags.js';

/** A script for zsh, to be evaluated behind `compinit` or kept as `_radish` in a folder of `fpath`. */
export function zshScript(commands: readonly CliCommand[]): string {
  const names = commands.map(({ name }) => name);
  const first = names[0] ?? '';
  return `#compdef radish
# Completion of radish: source <(radish completion zsh)
_radish() {
  local cmd=${first} prev="\${words[CURRENT-1]}"
  local -a found
  if (( CURRENT > 2 )); then
    case "\${words[2]}" in
      ${['help', ...names].join('|')}) cmd="\${words[2]}" ;;
    esac
  elif [[ "\${words[CURRENT]}" != -* ]]; then
    found=(${commands.map(({ name, summary }) => quoted(`${name}:${summary}`)).join(' ')} 'help:Say more of a command')
    _describe 'command' found
    return
  fi
  case "$cmd $prev" in
${commands.flatMap(valueCases).join('\n')}
  esac
  case "$cmd" in
    help) compadd ${names.join(' ')} flags ;;
${commands.map(commandCase).join('\n')}
  esac
}
if [ "$funcstack[1]" = "_radish" ]; then _radish "$@"; else compdef _radish radish; fi
`;
}

function valueCases(command: CliCommand): readonly string[] {
  return flagsOf(command).flatMap(({ name, value }) => {
    const pattern = `    "${command.name} ${name}")`;
    if (value === 'switch') return [];
    if (value === 'file') return [`${pattern} _files; return ;;`];
    return [`${pattern} ${value === 'text' ? '' : `compadd ${value.join(' ')}; `}return ;;`];
  });
}

function commandCase(command: CliCommand): string {
  const flags = flagsOf(command).map(shown).join(' ');
  const choices = wordChoices(command);
  const words =
    choices.length > 0 ? `compadd ${choices.join(' ')}` : command.words.length > 0 ? '_files' : ':';
  return [
    `    ${command.name})`,
    `      if [[ "\${words[CURRENT]}" == -* ]]; then found=(${flags}); _describe -o 'flag' found`,
    `      else ${words}; fi ;;`,
  ].join('\n');
}

function shown({ name, help }: CompletedFlag): string {
  return quoted(`${name}:${help}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
