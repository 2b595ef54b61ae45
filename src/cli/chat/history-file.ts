import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Lines kept for the next conversation. */
export const HISTORY_LINES = 1000;
/** Beyond it the file is not read: it is none of ours. */
const MAX_BYTES = 8 * 1024 * 1024;
/** A longer line is not kept. */
const MAX_LINE = 4096;
const PRIVATE = 0o600;

/**
 * What was typed, one line each, for this user alone. Several conversations may add to it at once. Where it cannot be
 * read or written there is no history, and nothing else.
 */
export class HistoryFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The newest first. Cuts the file to {@link HISTORY_LINES}. */
  read(): readonly string[] {
    try {
      const text = readFileSync(this.#path, 'utf8');
      if (text.length > MAX_BYTES) return [];
      const lines = text.split('\n').filter((line) => line !== '');
      const kept = lines.slice(-HISTORY_LINES);
      chmodSync(this.#path, PRIVATE);
      if (kept.length < lines.length) {
        writeFileSync(this.#path, `${kept.join('\n')}\n`, { mode: PRIVATE });
      }
      return kept.reverse();
    } catch {
      return [];
    }
  }

  add(line: string): void {
    if (line.length > MAX_LINE) return;
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      appendFileSync(this.#path, `${line}\n`, { mode: PRIVATE });
    } catch {
      // A conversation goes on without.
    }
  }
}
