import type { Turn } from './turn.js';

/** What a run has left for rows that follow decode rows. */
export interface FollowingRoom {
  readonly maxRows: number;
  readonly maxSequences: number;
}

/** Turns whose first rows are decoded, with so few rows behind them that all fit: the longest are cut. */
export function fitTurns(
  turns: readonly Turn[],
  { maxRows, maxSequences }: FollowingRoom,
): readonly Turn[] {
  const lengths = turns.map(numFollowing).filter((length) => length > 0);
  if (lengths.length > maxSequences) {
    const last = turns.findLastIndex((turn) => numFollowing(turn) > 0);
    const fewer = turns.map((turn, i) => (i === last ? cutTurn(turn, 0) : turn));
    return fitTurns(fewer, { maxRows, maxSequences });
  }
  let most = Math.max(0, ...lengths);
  const cutTo = (length: number): number => Math.min(length, most);
  while (lengths.reduce((sum, length) => sum + cutTo(length), 0) > Math.max(0, maxRows)) most--;
  return turns.map((turn) => cutTurn(turn, most));
}

/** Rows behind the first. */
export function numFollowing({ known, drafts }: Turn): number {
  return known.length + drafts.length - 1;
}

function cutTurn(turn: Turn, most: number): Turn {
  const { known, drafts, samples } = turn;
  if (numFollowing(turn) <= most) return turn;
  const kept = known.slice(0, most + 1);
  return {
    ...turn,
    known: kept,
    drafts: drafts.slice(0, most + 1 - kept.length),
    samples: samples && kept.length === known.length,
  };
}
