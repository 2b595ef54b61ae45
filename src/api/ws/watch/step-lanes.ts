import { treeKey, type StepTimed } from '../../../messages.js';
import { Newest } from './newest.js';
import type { DeviceName, StepBar } from './types.js';

/** Bars of one device. */
const BARS_MAX = 256;
/** What has no rows, or says of none, and is over so soon is the step's own bookkeeping. */
const SHORT_US = 100;
/** Requests that a bar names. */
const NAMED_MAX = 32;

/** A step's bar of one kind, and where the step ended. */
interface Lane {
  readonly bars: Newest<StepBar>;
  /** The last step that had a time of its own, and its end in epoch milliseconds. */
  last: { readonly step: number; readonly endMs: number } | null;
}

/** What each device has done lately, as its own clock has it. */
export class StepLanes {
  readonly #lanes = new Map<DeviceName, Lane>();

  add(timed: StepTimed): void {
    const lane = this.#laneOf(treeKey(timed.device));
    if (timed.timing.startMs === 0) join(lane, timed);
    else draw(lane, timed);
  }

  /** Devices that are gone are forgotten. */
  keep(names: ReadonlySet<DeviceName>): void {
    for (const name of this.#lanes.keys()) if (!names.has(name)) this.#lanes.delete(name);
  }

  barsOf(name: DeviceName): Readonly<Record<string, StepBar>> {
    return this.#lanes.get(name)?.bars.byNumber() ?? {};
  }

  #laneOf(name: DeviceName): Lane {
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const lane = { bars: new Newest<StepBar>(BARS_MAX), last: null };
    this.#lanes.set(name, lane);
    return lane;
  }
}

function draw(lane: Lane, { step, timing, ...timed }: StepTimed): void {
  const { startMs, loadUs, prefillUs, decodeUs, lastStoreUs } = timing;
  const { last, bars } = lane;
  // Its stores are behind its result, so that they are known now.
  if (last !== null && lastStoreUs >= SHORT_US) {
    bars.push({ step: last.step, kind: 'store', start: last.endMs, ms: lastStoreUs / 1000 });
  }
  let start = Math.round(startMs * 1000) / 1000;
  const add = (us: number, bar: Pick<StepBar, 'kind' | 'rows' | 'requests'>): void => {
    const isWork = (bar.rows ?? 0) > 0 || us >= SHORT_US;
    if (us > 0 && isWork) bars.push({ step, ...bar, start, ms: us / 1000 });
    start = Math.round(start * 1000 + us) / 1000;
  };
  add(loadUs, { kind: 'load', rows: timed.numCachedTokens });
  add(prefillUs, { kind: 'prefill', rows: timed.numPrefillTokens, requests: requestsOf(timed) });
  add(decodeUs, { kind: 'decode', rows: timed.numDecodeRows });
  lane.last = { step, endMs: start };
}

/** It ran together with the step before it, whose time is the time of both. */
function join({ bars, last }: Lane, timed: StepTimed): void {
  if (last === null || timed.numPrefillTokens === 0) return;
  bars.replace(
    ({ step, kind }) => step === last.step && kind === 'prefill',
    (bar) => ({
      ...bar,
      rows: (bar.rows ?? 0) + timed.numPrefillTokens,
      requests: [...(bar.requests ?? []), ...requestsOf(timed)].slice(0, NAMED_MAX),
    }),
  );
}

function requestsOf({ prefills }: Pick<StepTimed, 'prefills'>): NonNullable<StepBar['requests']> {
  return prefills.slice(0, NAMED_MAX).map(({ rid, numTokens }) => ({ rid, rows: numTokens }));
}
