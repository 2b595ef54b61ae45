import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { LlamaSequence } from '../lib/node-llama.js';

/** A state is taken up only if at least this share of it is of use, as in llama-server. */
const LEAST_KEPT = 0.25;

interface SavedState {
  readonly tokens: readonly number[];
  readonly path: string;
}

/**
 * llama-server's second-level prompt cache (`--cache-ram`): the states of slots that got another prompt, kept
 * in memory, which here is a file on a memory file system where there is one. Never full at the size of a bench.
 */
export class PromptCache {
  private readonly folder = mkdtempSync(
    join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'radish-bench-'),
  );
  private states: SavedState[] = [];
  private saved = 0;

  constructor() {
    process.once('exit', () => {
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** Keeps what the sequence holds, and drops states that are prefixes of it. */
  async save(sequence: LlamaSequence): Promise<void> {
    const tokens = [...sequence.contextTokens];
    const contained = this.states.some(
      (state) => commonPrefix(state.tokens, tokens) === tokens.length,
    );
    if (tokens.length === 0 || contained) return;
    for (const state of this.states) {
      if (commonPrefix(state.tokens, tokens) === state.tokens.length) this.drop(state);
    }
    const path = join(this.folder, `${++this.saved}.state`);
    await sequence.saveStateToFile(path);
    this.states.push({ tokens, path });
  }

  /** Moves the state that shares most with the prompt into the sequence, if it beats what is there. */
  async load(sequence: LlamaSequence, inputIds: readonly number[]): Promise<void> {
    const worth = ({ tokens }: Pick<SavedState, 'tokens'>) => {
      const shared = commonPrefix(tokens, inputIds);
      return shared < LEAST_KEPT * tokens.length ? 0 : shared;
    };
    const [best] = [...this.states].sort((a, b) => worth(b) - worth(a));
    if (best === undefined || worth(best) <= commonPrefix(sequence.contextTokens, inputIds)) return;
    this.states = this.states.filter((state) => state !== best);
    await sequence.loadStateFromFile(best.path, { acceptRisk: true });
    rmSync(best.path);
  }

  private drop(state: SavedState): void {
    this.states = this.states.filter((kept) => kept !== state);
    rmSync(state.path);
  }
}

export function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const limit = Math.min(a.length, b.length);
  let length = 0;
  while (length < limit && a[length] === b[length]) length++;
  return length;
}
