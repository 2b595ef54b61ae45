import { COMMANDS } from './commands.js';
import { EXIT_FAILED, EXIT_OK } from './exit-codes.js';
import { parseCommandLine, wrongUsage } from './program.js';
import type { CliCommand, Invocation } from './command.js';
import { UsageError } from '../config/flag-spec.js';
import { packageVersion } from '../config/package-version.js';
import { StartupError } from '../core/errors.js';
import { onLost, surviveClosedStreams } from '../observability/log-output.js';

/** The command line of this process, from its words to its exit code. */
export async function main(): Promise<void> {
  surviveClosedStreams();
  onLost(process.stdout, failAtEnd);
  const version = packageVersion();
  const line = parseCommandLine(process.argv.slice(2), { commands: COMMANDS, version });
  if (line.kind === 'exit') exitWith(line);
  else await run(line.command, line.invocation, version);
}

async function run(command: CliCommand, invocation: Invocation, version: string): Promise<void> {
  const { stdout: out, stderr: err, stdin: input } = process;
  try {
    process.exitCode = await command.run(invocation, { version, out, err, input });
  } catch (error) {
    if (error instanceof UsageError) exitWith(wrongUsage(error.message));
    else if (error instanceof StartupError)
      exitWith({ code: EXIT_FAILED, text: `${error.message}\n` });
    else throw error;
  }
}

/** An answer that nobody can read is none. */
function failAtEnd(code: string): void {
  process.stderr.write(`Cannot write to standard output (${code}).\n`);
  process.once('exit', (exitCode) => {
    if (exitCode === EXIT_OK) process.exitCode = EXIT_FAILED;
  });
}

function exitWith({ code, text }: { readonly code: number; readonly text: string }): void {
  (code === EXIT_OK ? process.stdout : process.stderr).write(text);
  process.exitCode = code;
}
