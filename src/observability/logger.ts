import type { LogLevel } from '../core/log-level.js';
import { jsonLines } from './json-lines.js';
import type { LogFields, LogSink } from './log-sink.js';

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

export interface Progress {
  /** @param fraction in [0, 1] */
  update(fraction: number, detail?: string): void;
  done(): void;
}

export interface LoggerOptions {
  readonly sink: LogSink;
  readonly level: LogLevel;
  readonly useColor: boolean;
  /** Text where it is left out. */
  readonly format?: 'text' | 'json';
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
const CLEAR_LINE = '\r\u001b[K';
const BAR_WIDTH = 30;
/** Time between two progress lines where there is no terminal. */
const LINE_INTERVAL_MS = 5000;

/** A {@link Logger} that writes lines to a sink. */
export function createLogger(options: LoggerOptions): Logger {
  let lowest = options.level;
  const write = options.format === 'json' ? jsonLines(options) : textLines(options);
  const log = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    if (RANK[level] >= RANK[lowest]) write(level, message, fields);
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
    setLevel: (level) => {
      lowest = level;
    },
    progress: (label) => createProgress(label, options, log),
  };
}

/** Values of `--log-level`. */
export const LOG_LEVELS = ['debug', 'info', 'warning', 'error'] as const;

/** `--log-level warning` is `warn` inside. */
export function logLevelOf(flag: (typeof LOG_LEVELS)[number]): LogLevel {
  return flag === 'warning' ? 'warn' : flag;
}

function textLines(options: LoggerOptions): (level: LogLevel, message: string) => void {
  return (level, message) => {
    options.sink.write(`${formatLine(level, message, options)}\n`);
  };
}

function formatLine(level: LogLevel, message: string, { now, useColor }: LoggerOptions): string {
  const prefix = level === 'warn' ? 'WARNING: ' : level === 'error' ? 'ERROR: ' : '';
  const line = `[${timestamp(now())}] ${prefix}${escapeControls(message)}`;
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

function createProgress(label: string, options: LoggerOptions, log: Logger['log']): Progress {
  const isText = options.format !== 'json';
  const isBar = isText && options.sink.isTTY === true && RANK.info >= RANK[options.level];
  let lastLineMs = options.now().getTime();
  return {
    update: (fraction, detail = '') => {
      const percent = `${Math.floor(100 * fraction)}%`;
      if (isBar) {
        options.sink.write(`${CLEAR_LINE}${label} ${bar(fraction)} ${percent} ${detail}`);
        return;
      }
      const nowMs = options.now().getTime();
      if (nowMs - lastLineMs < LINE_INTERVAL_MS) return;
      lastLineMs = nowMs;
      log('info', `${label}: ${percent} ${detail}`.trimEnd());
    },
    done: () => {
      if (isBar) options.sink.write(CLEAR_LINE);
    },
  };
}

function bar(fraction: number): string {
  const filled = Math.round(BAR_WIDTH * Math.min(1, Math.max(0, fraction)));
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`;
}
