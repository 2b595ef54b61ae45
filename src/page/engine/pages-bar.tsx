import type { DeviceState } from '../../api/ws/watch/types.js';
import { percent, short } from '../shared/format.js';

/** Where the pages of a device's KV cache are. */
export function PagesBar({ rank, pages }: Pick<DeviceState, 'rank' | 'pages'>) {
  const { total, free, cached, held } = pages;
  const part = (count: number): number => (total === 0 ? 0 : count / total);
  const label = `KV pages of device ${rank}: ${held} held, ${cached} cached, ${free} free`;
  return (
    <div class="pages">
      <p class="pages-head">
        KV pages
        <span>
          <span class="swatch held" aria-hidden="true" />
          held <b>{short(held)}</b>
        </span>
        <span>
          <span class="swatch cached" aria-hidden="true" />
          cached <b>{short(cached)}</b>
        </span>
        <span>
          <span class="swatch free" aria-hidden="true" />
          free <b>{short(free)}</b>
        </span>
        <span class="hint">{percent(part(total - free))} used</span>
      </p>
      <div class="pages-bar" role="img" aria-label={label}>
        <span class="held" style={{ width: `${100 * part(held)}%` }} />
        <span class="cached" style={{ width: `${100 * part(cached)}%` }} />
      </div>
    </div>
  );
}
