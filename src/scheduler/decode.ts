import type { DeviceLink } from './device-link.js';
import type { Run } from './run.js';
import type { StepBuilder } from './step-builder.js';

/**
 * One more row for every request past its prompt. Those that get no page sit this step out, and the
 * link is `starved` until they do.
 */
export function planDecode(link: DeviceLink, step: StepBuilder): void {
  link.starved = false;
  for (const run of link.runs) {
    if (!run.canDecode) continue;
    if (grow(link, run)) step.addDecode(run);
    else link.starved = true;
  }
}

/** Reserves the page of the run's next row. */
function grow(link: DeviceLink, run: Run): boolean {
  if (run.plannedLen < run.pages.length * link.limits.pageSizeTokens) return true;
  if (link.pages.idle.length === 0) return false;
  const pages = link.pages.take(1);
  link.pages.hold(pages);
  run.pages.push(...pages);
  return true;
}
