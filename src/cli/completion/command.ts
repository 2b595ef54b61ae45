import { UsageError } from '../../config/flag-spec.js';
import type { CliCommand } from '../command.js';
import { EXIT_OK } from '../exit-codes.js';
import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import { zshScript } from './zsh.js';

const SCRIPTS: Readonly<Record<string, (commands: readonly CliCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** @param commands the table that it stands in itself */
export function completionCommand(commands: () => readonly CliCommand[]): CliCommand {
  return {
    name: 'completion',
    summary: 'Print a script that lets a shell complete commands and flags',
    words: [{ name: Object.keys(SCRIPTS).join('|'), kind: 'required' }],
    options: [],
    serverFlags: 'none',
    examples: [
      'eval "$(radish completion bash)"          # in ~/.bashrc',
      'source <(radish completion zsh)           # in ~/.zshrc, behind compinit',
      'radish completion fish > ~/.config/fish/completions/radish.fish',
    ],
    run: ({ words: [shell = ''] }, { out }) => {
      const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
      if (script === undefined) {
        throw new UsageError(
          `There is no completion for '${shell}': there is ${Object.keys(SCRIPTS).join(', ')}.`,
        );
      }
      out.write(script(commands()));
      return Promise.resolve(EXIT_OK);
    },
  };
}
