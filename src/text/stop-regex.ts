import { createContext, Script } from 'node:vm';

/** Longest pattern text that is accepted. */
export const MAX_STOP_REGEX_LENGTH = 1024;
/** A pattern sees at most this many characters before the end of the text. */
export const STOP_REGEX_TAIL = 1024;
/** One search may take this long; a pattern that needs more, twice, ends its request. */
const SEARCH_BUDGET_MS = 20;
/** The clock also runs while other threads have the cores: once is no proof. */
const SEARCH_ATTEMPTS = 2;

export interface RegexMatch {
  /** `[start, end)` in the searched text. */
  readonly start: number;
  readonly end: number;
}

/** A pattern that backtracks without end on the text that a model wrote. */
export class RegexBudgetError extends Error {
  override readonly name = 'RegexBudgetError';
}

/**
 * A stop pattern in Python's spelling, searched under a time budget: regular expressions of a client run
 * on the main thread, and one that explodes must not stop the server.
 */
export class StopRegex {
  readonly pattern: string;
  readonly #sandbox: { regex: RegExp; text: string };

  /** @throws SyntaxError when it is not a regular expression. */
  constructor(pattern: string) {
    this.pattern = pattern;
    this.#sandbox = createContext({ regex: fromPython(pattern), text: '' }) as {
      regex: RegExp;
      text: string;
    };
  }

  /** First match in `text`, empty matches aside. @throws RegexBudgetError */
  search(text: string): RegexMatch | null {
    this.#sandbox.text = text;
    for (let attempt = 0; attempt < SEARCH_ATTEMPTS; attempt++) {
      const found = this.#exec();
      if (found === 'out of time') continue;
      if (found === null || found[0].length === 0) return null;
      return { start: found.index, end: found.index + found[0].length };
    }
    throw new RegexBudgetError(`stop_regex '${this.pattern}' takes too long to match.`);
  }

  #exec(): RegExpExecArray | null | 'out of time' {
    try {
      const found: unknown = SEARCH.runInContext(this.#sandbox, { timeout: SEARCH_BUDGET_MS });
      return found as RegExpExecArray | null;
    } catch {
      return 'out of time';
    }
  }
}

const SEARCH = new Script('regex.exec(text)');

/** The differences that matter: inline flags, named groups, `\A` and `\Z`. */
function fromPython(pattern: string): RegExp {
  const inline = /^\(\?([ims]+)\)/.exec(pattern);
  const source = pattern
    .slice(inline?.[0].length ?? 0)
    .replaceAll('(?P<', '(?<')
    .replaceAll(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replaceAll(/(?<!\\)\\A/g, '^')
    .replaceAll(/(?<!\\)\\Z/g, '$');
  const flags = inline?.[1] ?? '';
  try {
    return new RegExp(source, `${flags}u`);
  } catch {
    // The u flag forbids needless escapes, which Python allows.
    return new RegExp(source, flags);
  }
}
