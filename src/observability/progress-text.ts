import { shownBytes, shownDuration, shownPart } from '../core/shown-size.js';
import { cutColumns, textColumns } from '../core/text-columns.js';

/** How far a piece of work is, in bytes. */
export interface ProgressState {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** What it is at, e.g. a file; '' = nothing to say. */
  readonly detail: string;
  /** Bytes in a second; null = not known. */
  readonly rate: number | null;
}

const BARS = [30, 20, 10] as const;
const LABEL_MIN = 12;

/** `Download a/b: 49% (12.3 of 25.0 MB, 1.2 MB/s, 0:10 left) file` */
export function progressSentence(state: ProgressState): string {
  const { label, detail } = state;
  return `${label}: ${percent(state)} (${facts(state).join(', ')}) ${detail}`.trimEnd();
}

/** One line of at most `columns`: what matters least is left out first. */
export function progressBar(state: ProgressState, columns: number): string {
  const { label, detail } = state;
  const all = facts(state);
  const candidates = [
    ...(detail === '' ? [] : [[label, bar(state, BARS[0]), percent(state), ...all, detail]]),
    ...BARS.map((width) => [label, bar(state, width), percent(state), ...all]),
    [label, percent(state), ...all],
  ];
  const fitting = candidates.map((parts) => parts.join('  ')).find((line) => fits(line, columns));
  return fitting ?? withoutFacts(label, [percent(state), ...all], columns);
}

/** The label gives way down to a word, then the facts from behind: how far it is stays. */
function withoutFacts(label: string, facts: readonly string[], columns: number): string {
  for (let count = facts.length; count > 0; count--) {
    const tail = facts.slice(0, count).join('  ');
    const room = columns - textColumns(tail) - 2;
    if (room >= Math.min(LABEL_MIN, textColumns(label)))
      return `${cutColumns(label, room)}  ${tail}`;
  }
  return cutColumns(facts[0] ?? '', columns);
}

function fits(line: string, columns: number): boolean {
  return textColumns(line) <= columns;
}

function facts({ done, total, rate }: ProgressState): string[] {
  const part = shownPart(Math.min(done, total), total);
  if (rate === null) return [part];
  const left = rate > 0 ? `${shownDuration((total - done) / rate)} left` : 'stalled';
  return [part, `${shownBytes(rate)}/s`, left];
}

function percent(state: ProgressState): string {
  return `${Math.floor(100 * fractionOf(state))}%`;
}

function bar(state: ProgressState, width: number): string {
  const filled = Math.round(width * fractionOf(state));
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]`;
}

function fractionOf({ done, total }: ProgressState): number {
  return Math.min(1, Math.max(0, done / Math.max(1, total)));
}
