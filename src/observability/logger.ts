import type { LogLevel } from '../core/log-level.js';
import { jsonLines } from './json-lines.js';
import type { LogFields, LogSink } from './log-sink.js';
import { createProgress, type Progress } from './progress.js';
import { TerminalLine } from './terminal-line.js';

/** Lines that a person reads: `[2026-01-01 12:00:00] message`, as SGLang writes them. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  /** `fields` are for machines (`--log-format json`): the message says them too. */
  log(level: LogLevel, message: string, fields?: LogFields): void;
  /** Lower lines are left out from now on. */
  setLevel(level: LogLevel): void;
  /** A long piece of work; call `update` as often as you like. */
  progress(label: string): Progress;
}

export interface LoggerOptions {
  readonly sink: LogSink;
  readonly level: LogLevel;
  readonly useColor: boolean;
  /** Text where it is left out; `plain` is text without the time, for a command. */
  readonly format?: 'text' | 'plain' | 'json';
  /** Bars on a terminal. Where it is left out: while lines of `info` are shown. */
  readonly showsBars?: boolean;
  readonly now: () => Date;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const COLOR: Readonly<Record<LogLevel, string>> = {
  debug: '\u001b[2m',
  info: '',
  warn: '\u001b[33m',
  error: '\u001b[31m',
};
/** What could forge a line, move the cursor or turn the text around. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const RESET = '\u001b[0m';

/** A {@link Logger} that writes lines to a sink. */
export function createLogger(options: LoggerOptions): Logger {
  const { sink, format = 'text', now } = options;
  const line = new TerminalLine(sink);
  const write = format === 'json' ? jsonLines(options) : textLines(options, line);
  const isTerminal = sink.isTTY === true && format !== 'json';
  return loggerTo(write, options.level, (label, { log, isShown }) =>
    createProgress(escapeControls(label), {
      line: isTerminal && (options.showsBars ?? isShown('info')) ? line : null,
      say: (sentence) => {
        log('info', sentence);
      },
      nowMs: () => now().getTime(),
    }),
  );
}

/** Takes what is not below the level. */
export type LogWriter = (level: LogLevel, message: string, fields: LogFields) => void;

/** What a bar may need of its log. */
export interface LogOfBar extends Pick<Logger, 'log'> {
  readonly isShown: (level: LogLevel) => boolean;
}

/** A {@link Logger} to whatever takes its messages. */
export function loggerTo(
  write: LogWriter,
  level: LogLevel,
  progress: (label: string, log: LogOfBar) => Progress,
): Logger {
  let lowest = level;
  const isShown = (at: LogLevel): boolean => RANK[at] >= RANK[lowest];
  const log = (at: LogLevel, message: string, fields: LogFields = {}): void => {
    if (isShown(at)) write(at, message, fields);
  };
  return {
    debug: (message) => {
      log('debug', message);
    },
    info: (message) => {
      log('info', message);
    },
    warn: (message) => {
      log('warn', message);
    },
    error: (message) => {
      log('error', message);
    },
    log,
    setLevel: (to) => {
      lowest = to;
    },
    progress: (label) => progress(label, { log, isShown }),
  };
}

/** Values of `--log-level`. */
export const LOG_LEVELS = ['debug', 'info', 'warning', 'error'] as const;

/** `--log-level warning` is `warn` inside. */
export function logLevelOf(flag: (typeof LOG_LEVELS)[number]): LogLevel {
  return flag === 'warning' ? 'warn' : flag;
}

function textLines(
  options: LoggerOptions,
  terminal: TerminalLine,
): (level: LogLevel, message: string) => void {
  return (level, message) => {
    terminal.above(`${formatLine(level, message, options)}\n`);
  };
}

function formatLine(
  level: LogLevel,
  message: string,
  { now, useColor, format }: LoggerOptions,
): string {
  const prefix = level === 'warn' ? 'WARNING: ' : level === 'error' ? 'ERROR: ' : '';
  const time = format === 'plain' ? '' : `[${timestamp(now())}] `;
  const line = `${time}${prefix}${escapeControls(message)}`;
  return useColor && COLOR[level] !== '' ? `${COLOR[level]}${line}${RESET}` : line;
}

/** One message is one line, whatever a client had a part in it: `\n` and its like are spelled out. */
function escapeControls(message: string): string {
  return message.replaceAll(UNPRINTABLE, (char) => {
    const code = char.charCodeAt(0);
    return SHORT_ESCAPES[char] ?? `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** A text of several lines, such as a stack: each is a line of the log. */
export function logLines(log: Pick<Logger, 'log'>, level: LogLevel, text: string): void {
  for (const line of text.split('\n')) log.log(level, line);
}

/** Local time to the second. */
function timestamp(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${day} ${time}`;
}
