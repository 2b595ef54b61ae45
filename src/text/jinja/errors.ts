/** Python's and Jinja2's exceptions, as far as templates can tell them apart. */
export type ErrorKind =
  | 'TemplateSyntaxError'
  | 'TemplateAssertionError'
  | 'TemplateError'
  | 'TemplateRuntimeError'
  | 'UndefinedError'
  | 'SecurityError'
  | 'FilterArgumentError'
  | 'TypeError'
  | 'ValueError'
  | 'KeyError'
  | 'IndexError'
  | 'AttributeError'
  | 'OverflowError'
  | 'ZeroDivisionError'
  | 'AssertionError';

/** What Python would raise; its message is Python's. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  constructor(
    readonly kind: ErrorKind,
    message: string,
  ) {
    super(message);
  }
}

/** A rendering that costs too much. Nothing in a template can catch it. */
export class LimitError extends Error {
  override readonly name = 'LimitError';
}

export function raise(kind: ErrorKind, message: string): never {
  throw new TemplateError(kind, message);
}

export function typeError(message: string): never {
  throw new TemplateError('TypeError', message);
}

/** Runs `attempt`; an error of one of `kinds` becomes `fallback`'s value. */
export function recover<T>(kinds: readonly ErrorKind[], attempt: () => T, fallback: () => T): T {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof TemplateError && kinds.includes(error.kind)) return fallback();
    throw error;
  }
}
