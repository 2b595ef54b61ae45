import { DECODE_STRIDE, TURN_STRIDE, type StepPlan } from '../../core/batch.js';

/**
 * Whether `next` may run together with the steps before it, none of which has begun: it only begins requests, whose
 * slots have no rows in those steps, and reads no page that they write. Then nothing is different but the time.
 */
export function mayJoin(plans: readonly StepPlan[], next: StepPlan): boolean {
  if (next.opens.length === 0 || next.decode.length + next.turns.length > 0) return false;
  const begun = new Set(next.opens.map(({ slot }) => slot));
  if (next.prefill.some(({ slot }) => !begun.has(slot))) return false;
  if (plans.flatMap(slotsWithRows).some((slot) => begun.has(slot))) return false;
  const written = new Set(plans.flatMap(({ stores }) => stores.flatMap(({ pages }) => [...pages])));
  return !next.loads.some(({ pages }) => pages.some((page) => written.has(page)));
}

function slotsWithRows({ prefill, decode, turns }: StepPlan): number[] {
  return [
    ...prefill.map(({ slot }) => slot),
    ...decode.filter((_, i) => i % DECODE_STRIDE === 0),
    ...turns.filter((_, i) => i % TURN_STRIDE === 0),
  ];
}
