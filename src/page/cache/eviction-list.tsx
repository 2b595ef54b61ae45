import type { CacheState } from '../../api/ws/watch/types.js';
import { ago, counted } from '../shared/format.js';
import { newestOf } from '../shared/newest.js';

const SHOWN = 8;

interface EvictionListProps {
  readonly evictions: CacheState['evictions'];
  readonly now: number;
}

/** What gave its place to something newer. */
export function EvictionList({ evictions, now }: EvictionListProps) {
  const newest = newestOf(evictions.newest, SHOWN);
  return (
    <>
      <h2>Evictions</h2>
      <p class="plain">
        {counted(evictions.tokens, 'token')} of {counted(evictions.nodes, 'node')} since this is
        watched
      </p>
      <ul class="lines">
        {newest.map(([number, { at, tokens, partly, decoded }]) => (
          <li key={number}>
            <span class="number">{ago(now - at)}</span>
            {counted(tokens, 'token')}
            {partly === true && ', the end of a node'}
            {decoded === true && ', made by decoding'}
          </li>
        ))}
      </ul>
    </>
  );
}
