import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';

import { UsageError } from '../../config/flag-spec.js';
import type { SaidMessage } from './conversation.js';

const MAX_BYTES = 64 * 1024 * 1024;

/** Conversations in files. One that it neither wrote nor read is not written over. */
export class ConversationFile {
  readonly #own = new Set<string>();

  /** @returns where it is. @throws UsageError */
  save(name: string, messages: readonly SaidMessage[]): string {
    const path = pathOf(name, 'save');
    const flag = this.#own.has(path) ? 'w' : 'wx';
    try {
      writeFileSync(path, `${JSON.stringify(messages, null, 2)}\n`, { mode: 0o600, flag });
    } catch (error) {
      throw new UsageError(sentenceOf(error, path, 'written'));
    }
    this.#own.add(path);
    return path;
  }

  /** @param use takes what its JSON says, or throws what is wrong with it. @throws UsageError */
  load(name: string, use: (value: unknown) => void): void {
    const path = pathOf(name, 'load');
    const text = readText(path);
    try {
      use(JSON.parse(text));
    } catch (error) {
      const why = error instanceof SyntaxError ? 'it is no JSON' : (error as Error).message;
      throw new UsageError(`${path} cannot be read: ${why}.`);
    }
    this.#own.add(path);
  }
}

function pathOf(name: string, command: string): string {
  if (name === '') throw new UsageError(`/${command} needs a file, such as /${command} talk.json.`);
  return resolve(name.replace(/^~(?=\/|$)/, homedir()));
}

function readText(path: string): string {
  try {
    // A pipe would never end.
    const facts = statSync(path);
    if (!facts.isFile()) throw new UsageError(`${path} is no file.`);
    if (facts.size > MAX_BYTES) throw new UsageError(`${path} is larger than 64 MiB.`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(sentenceOf(error, path, 'read'));
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'is there already: choose another name',
  ENOENT: 'is not there',
  EACCES: 'may not be used by you',
  EISDIR: 'is a folder',
  ENOTDIR: 'is below a file',
  ENOSPC: 'does not fit on the disk',
};

function sentenceOf(error: unknown, path: string, verb: string): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  return `${path} ${REASONS[code] ?? `cannot be ${verb} (${code})`}.`;
}
