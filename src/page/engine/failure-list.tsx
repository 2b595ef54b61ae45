import type { FailuresState } from '../../api/ws/watch/types.js';
import { ago, whole } from '../shared/format.js';
import { newestOf } from '../shared/newest.js';

const SHOWN = 10;

/** What was refused and what failed, in the server's words. */
export function FailureList({
  failures,
  now,
}: {
  readonly failures: FailuresState;
  readonly now: number;
}) {
  const newest = newestOf(failures.newest, SHOWN);
  return (
    <>
      <h2>Refused and failed</h2>
      <p class="plain">
        {whole(failures.refused)} refused, {whole(failures.failed)} failed since the start
      </p>
      <ul class="lines">
        {newest.map(([number, { at, status, path, rid, sentence }]) => (
          <li key={number}>
            <span class="number">{ago(now - at)}</span>
            {status !== undefined && <b>{status}</b>}
            {path !== undefined && <code>{path}</code>}
            {rid !== undefined && <code title={rid}>{rid.slice(0, 8)}</code>}
            <span>{sentence}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
