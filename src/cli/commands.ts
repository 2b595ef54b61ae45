import type { Program } from './program.js';
import { benchCommand } from './bench/command.js';
import { chatCommand } from './chat/command.js';
import { completionCommand } from './completion/command.js';
import { convertCommand } from './convert.js';
import { doctorCommand } from './doctor.js';
import { listCommand } from './list.js';
import { pruneCommand } from './prune.js';
import { pullCommand } from './pull.js';
import { rmCommand } from './rm.js';
import { runCommand } from './run/command.js';
import { serveCommand } from './serve.js';

/** In the order of the help; the first is what `radish` without a command does. */
export const COMMANDS: Program['commands'] = [
  serveCommand,
  chatCommand,
  runCommand,
  pullCommand,
  listCommand,
  rmCommand,
  pruneCommand,
  convertCommand,
  benchCommand,
  doctorCommand,
  completionCommand(() => COMMANDS),
];
