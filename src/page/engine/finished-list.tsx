import type { RequestsState } from '../../api/ws/watch/types.js';
import { ago, counted, duration } from '../shared/format.js';
import { newestOf } from '../shared/newest.js';

const SHOWN = 10;

/** The last requests, and how each ended. */
export function FinishedList({
  requests,
  now,
}: {
  readonly requests: RequestsState;
  readonly now: number;
}) {
  const newest = newestOf(requests.finished, SHOWN);
  return (
    <>
      <h2>Just finished</h2>
      {newest.length === 0 && <p class="hint">Nothing since this is watched.</p>}
      <ul class="lines">
        {newest.map(([number, one]) => (
          <li key={number}>
            <span class="number">{ago(now - one.finished_at)}</span>
            <code title={one.rid}>{one.rid.slice(0, 8)}</code>
            <span class={`reason ${one.reason}`}>{one.reason}</span>
            <span class="hint">
              {counted(one.output_tokens, 'token')} in {duration(one.finished_at - one.accepted_at)}
              {one.message !== undefined && `: ${one.message}`}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
