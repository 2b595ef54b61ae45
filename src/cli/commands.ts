import type { Program } from './program.js';
import { doctorCommand } from './doctor.js';
import { listCommand } from './list.js';
import { pullCommand } from './pull.js';
import { rmCommand } from './rm.js';
import { serveCommand } from './serve.js';

/** In the order of the help; the first is what `radish` without a command does. */
export const COMMANDS: Program['commands'] = [
  serveCommand,
  pullCommand,
  listCommand,
  rmCommand,
  doctorCommand,
];
