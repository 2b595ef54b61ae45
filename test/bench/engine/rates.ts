import { IdleWatch } from '../lib/idle-watch.js';
import type { Side } from '../lib/side.js';
import { labelOf, tokensOf, type Workload } from './workload.js';

export type EngineSide = Side<Workload, number>;

/** Tokens per second: `rates.get(workload label).get(side name)[round]`. */
export type Rates = Map<string, Map<string, number[]>>;

/** Every side at every workload in turn, `rounds` times, after one round that warms up. */
export async function measureRates(
  sides: readonly EngineSide[],
  rounds: number,
  workloadsOf: (round: number) => readonly Workload[],
): Promise<Rates> {
  const rates: Rates = new Map();
  const watch = new IdleWatch(sides);
  // Round -1 warms up: first runs allocate, and sessions choose their kernels.
  for (let round = -1; round < rounds; round++) {
    for (const workload of workloadsOf(round)) {
      for (const side of sides) {
        const ms = await watch.during(side.name, () => side.run(workload));
        if (round >= 0)
          add(rates, [labelOf(workload), side.name], (1000 * tokensOf(workload)) / ms);
      }
    }
    console.error(round < 0 ? 'warmed up' : `round ${round + 1} of ${rounds}`);
  }
  console.error('CPU time of idle sides, in cores:', watch.shares());
  return rates;
}

function add(rates: Rates, [label, side]: readonly [string, string], rate: number): void {
  const ofWorkload = rates.get(label) ?? new Map<string, number[]>();
  rates.set(label, ofWorkload.set(side, [...(ofWorkload.get(side) ?? []), rate]));
}
