import { patched } from '../../api/ws/watch/merge-patch.js';
import type { WatchState, WatchUpdate } from '../../api/ws/watch/types.js';

/** What has been heard of a watch so far. */
export interface Watched {
  readonly seq: number;
  readonly state: WatchState;
}

/** With one update more. Null: one is missing, and the watch must begin anew. */
export function withUpdate(before: Watched | null, update: WatchUpdate): Watched | null {
  if (update.kind === 'snapshot') return { seq: update.seq, state: update.state };
  if (before === null || update.seq !== before.seq + 1) return null;
  return { seq: update.seq, state: patched(before.state, update.patch) };
}
