import { OptionError, UsageError } from '../config/flag-spec.js';
import { argsFromValues } from '../config/load.js';
import type { ServerArgs } from '../config/server-args.js';
import type { LogLevel } from '../core/log-level.js';
import type { Logger } from '../observability/logger.js';
import { optionError } from './radish-error.js';

/** The flags of `radish serve` in camelCase: `--page-size` is `pageSize`. Environment variables `RADISH_…` are not read. */
export type ServerOptions = { readonly [Name in keyof ServerArgs]?: ServerArgs[Name] | undefined };

export interface RadishOptions extends ServerOptions {
  /** A folder or a Hugging Face id, as `modelPath`. Default: the built-in model. */
  readonly model?: string | undefined;
  /** Told what a server would write to its log; nothing is written otherwise. */
  readonly onLog?: ((level: LogLevel, message: string) => void) | undefined;
  /** Told how much of the model is loaded, in [0, 1]. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** What is no flag. */
const OWN: ReadonlySet<string> = new Set(['model', 'onLog', 'onProgress']);

/** @throws RadishError for an option that is none, or cannot be */
export function argsOf(options: RadishOptions): ServerArgs {
  const values = Object.entries(options).filter(
    ([name, value]) => !OWN.has(name) && value !== undefined,
  );
  const { model } = options;
  if (model !== undefined) values.push(['modelPath', model]);
  try {
    return argsFromValues(Object.fromEntries(values));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw optionError(error.message, error instanceof OptionError ? error.option : null);
  }
}

/** A log for whoever embeds a server. */
export function logTo(onLog: RadishOptions['onLog'], level: ServerArgs['logLevel']): Logger {
  let lowest: LogLevel = level === 'warning' ? 'warn' : level;
  const log = (at: LogLevel, message: string): void => {
    if (RANK[at] >= RANK[lowest]) onLog?.(at, message);
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
    progress: () => ({ update: () => undefined, done: () => undefined }),
  };
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
