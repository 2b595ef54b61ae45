import { StartupError } from '../core/errors.js';

/** One line of what `radish doctor` says. */
export interface Finding {
  /** `bad`: a server would not start. */
  readonly mark: 'ok' | 'note' | 'bad';
  readonly text: string;
}

export function ok(text: string): Finding {
  return { mark: 'ok', text };
}

/** What is worth knowing, and no hindrance. */
export function note(text: string): Finding {
  return { mark: 'note', text };
}

/** @throws what is no StartupError */
export function bad(error: unknown): Finding {
  if (error instanceof StartupError) return { mark: 'bad', text: error.message };
  throw error;
}

/** What `check` says where it is well, else why it is not. */
export async function tried(check: () => string | Promise<string>): Promise<Finding> {
  try {
    return ok(await check());
  } catch (error) {
    return bad(error);
  }
}

/** `4.0 GiB` */
export function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
