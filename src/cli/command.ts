import type { LoadedArgs } from '../config/load.js';

/** A flag of one command alone. */
export interface CommandOption {
  /** As commander reads it: `--url <url>`, `-n, --num-prompts <n>`, `--json`. */
  readonly flags: string;
  readonly help: string;
}

/** `required` and `optional` are one word, `rest` any number of them. */
export interface CommandArgument {
  readonly name: string;
  readonly kind: 'required' | 'optional' | 'rest';
}

/** What was asked of a command. */
export interface Invocation {
  /** The words that are no flags. */
  readonly words: readonly string[];
  /** Its own flags by their camelCase name, as text; a switch is `true`. `--no-history` makes `history` false. */
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** The server's arguments: flags, environment, config file. @throws UsageError */
  readonly serverArgs: () => LoadedArgs;
}

/** One line of the table of commands. */
export interface CliCommand {
  readonly name: string;
  /** For the list of commands: a sentence without its full stop. */
  readonly summary: string;
  /** What else its help says. */
  readonly about?: string;
  readonly words: readonly CommandArgument[];
  readonly options: readonly CommandOption[];
  /** It takes the server's flags too: `all` are for a server, `model` for a model that this process loads. */
  readonly serverFlags: 'all' | 'model' | 'none';
  /** Command lines worth copying. */
  readonly examples: readonly string[];
  /** @returns the exit code. @throws UsageError for exit code 2, StartupError for exit code 1 */
  readonly run: (invocation: Invocation, surroundings: Surroundings) => Promise<number>;
}

/** What a command sees of the process that it runs in. */
export interface Surroundings {
  readonly version: string;
  /** For answers. */
  readonly out: TextOutput;
  /** For progress, and for what went wrong. */
  readonly err: TextOutput;
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
}

export interface TextOutput {
  readonly isTTY?: boolean;
  /** Of a terminal. */
  readonly columns?: number;
  write(text: string): unknown;
}
