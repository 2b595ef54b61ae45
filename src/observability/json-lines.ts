import { pino } from 'pino';

import type { LogLevel } from '../core/log-level.js';
import type { LogFields, LogSink } from './log-sink.js';

interface JsonLinesOptions {
  readonly sink: LogSink;
  readonly now: () => Date;
}

/** Lines for machines, as pino writes them: `{"level":"info","time":"…","msg":"…"}` and what else is known. */
export function jsonLines({
  sink,
  now,
}: JsonLinesOptions): (level: LogLevel, message: string, fields: LogFields) => void {
  const logger = pino(
    {
      // Levels are left out before this is asked; they may change while the server runs.
      level: 'trace',
      base: null,
      timestamp: () => `,"time":"${now().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write: (line) => {
        sink.write(line);
      },
    },
  );
  return (level, message, fields) => {
    logger[level](fields, message);
  };
}
