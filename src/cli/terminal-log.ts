import { loadHostEnv } from '../config/load.js';
import { createLogger, type Logger, type LoggerOptions } from '../observability/logger.js';
import type { TextOutput } from './command.js';

type Shown = Pick<LoggerOptions, 'level' | 'format' | 'showsBars'>;

/** A command's log, on standard error: bars while something is loaded, and what went wrong. */
export function terminalLog(err: TextOutput, shown: Shown): Logger {
  const { useColor, isDumbTerminal } = loadHostEnv();
  const isTTY = err.isTTY === true && !isDumbTerminal;
  return createLogger({
    sink: {
      isTTY,
      write: (text) => err.write(text),
      get columns() {
        return err.columns;
      },
    },
    useColor: useColor && isTTY,
    now: () => new Date(),
    ...shown,
  });
}
