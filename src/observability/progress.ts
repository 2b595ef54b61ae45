import { progressBar, progressSentence, type ProgressState } from './progress-text.js';
import type { TerminalLine } from './terminal-line.js';
import { TransferRate } from './transfer-rate.js';

/** A long piece of work. */
export interface Progress {
  /** As often as you like. `detail`: what it is at, e.g. a file. */
  update(doneBytes: number, totalBytes: number, detail?: string): void;
  /** It ended, well or not. */
  done(): void;
}

export interface ProgressOutput {
  /** A line to draw a bar on; null = there is no terminal. */
  readonly line: TerminalLine | null;
  /** Takes a sentence now and then where there is none. */
  readonly say: (sentence: string) => void;
  readonly nowMs: () => number;
}

const DRAW_INTERVAL_MS = 100;
const SENTENCE_INTERVAL_MS = 5000;

/** A bar that redraws itself with rate and time left, or a sentence every few seconds. */
export function createProgress(label: string, { line, say, nowMs }: ProgressOutput): Progress {
  const rate = new TransferRate();
  const state = (done: number, total: number, detail: string): ProgressState => ({
    label,
    done,
    total,
    detail,
    rate: rate.at(nowMs(), done),
  });
  let shownMs = line === null ? nowMs() : -Infinity;
  return {
    update: (done, total, detail = '') => {
      const now = nowMs();
      rate.add(now, done);
      if (now - shownMs < (line === null ? SENTENCE_INTERVAL_MS : DRAW_INTERVAL_MS)) return;
      shownMs = now;
      if (line === null) say(progressSentence(state(done, total, detail)));
      else line.draw(progressBar(state(done, total, detail), line.columns));
    },
    done: () => line?.clear(),
  };
}
