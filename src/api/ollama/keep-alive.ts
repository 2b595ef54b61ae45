import { refuse } from '../../core/errors.js';
import { preview } from '../../http/field-reader.js';

/** Go's `time.ParseDuration`; bare seconds are taken as well. */
const DURATION = /^[+-]?(?:\d+(?:\.\d*)?|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;

/**
 * `keep_alive`: seconds, or a duration such as `5m`. The model always stays: only that it is zero is of interest, which
 * asks to unload it. @throws RequestError for what is no duration
 */
export function isUnload(keepAlive: unknown): boolean {
  if (keepAlive === null) return false;
  if (typeof keepAlive === 'number') return keepAlive === 0;
  if (typeof keepAlive !== 'string' || !DURATION.test(keepAlive)) {
    return refuse(`time: invalid duration ${preview(keepAlive)}`);
  }
  return !/[1-9]/.test(keepAlive);
}
