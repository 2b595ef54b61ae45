import { OptionError, UsageError } from '../config/flag-spec.js';
import { argsFromValues } from '../config/load.js';
import type { ServerArgs } from '../config/server-args.js';
import type { LogLevel } from '../core/log-level.js';
import { loggerTo, logLevelOf, type Logger, type LogWriter } from '../observability/logger.js';
import type { Progress } from '../observability/progress.js';
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
  checkOwn(options);
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

/** What types would have said. @throws RadishError */
function checkOwn(options: RadishOptions | null): void {
  if (typeof options !== 'object' || options === null) {
    throw optionError('The options must be an object.', null);
  }
  for (const name of ['onLog', 'onProgress'] as const) {
    const value: unknown = options[name];
    if (value === undefined || value === null || typeof value === 'function') continue;
    throw optionError(`${name} must be a function.`, name);
  }
}

/** `callback` as events call theirs: what it throws is the program's uncaught exception, and harms no request. */
export function apart<Args extends readonly unknown[]>(
  callback: ((...args: Args) => void) | null | undefined,
): (...args: Args) => void {
  return (...args) => {
    try {
      callback?.(...args);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}

/** A log for whoever embeds a server. */
export function logTo(onLog: RadishOptions['onLog'], level: ServerArgs['logLevel']): Logger {
  const tell = apart(onLog);
  const write: LogWriter = (at, message) => {
    tell(at, message);
  };
  return loggerTo(write, logLevelOf(level), () => NO_BAR);
}

const NO_BAR: Progress = { update: () => undefined, done: () => undefined };
