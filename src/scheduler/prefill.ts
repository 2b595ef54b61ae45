import type { SchedulerConfig } from '../core/scheduler-config.js';
import { insertPrompt } from './cache-ops.js';
import type { DeviceLink } from './device-link.js';
import { letGoHeld } from './hold-back.js';
import { noteInserted } from './prefix-match.js';
import type { Run } from './run.js';
import type { SchedulerState } from './state.js';
import type { StepBuilder } from './step-builder.js';

/** Prompt tokens that one step may compute. Fewer when streams wait for their next token. */
export function prefillBudget(config: SchedulerConfig, decodes: boolean): number {
  const chunk = config.chunkedPrefillSize < 0 ? Infinity : config.chunkedPrefillSize;
  const shared = decodes ? config.maxPrefillRowsWhileDecoding : Infinity;
  return Math.max(1, Math.min(chunk, config.maxPrefillTokens, shared));
}

/** The next chunks of the prompts, in order of admission, up to `budget` tokens. */
export function planPrefill(
  state: SchedulerState,
  link: DeviceLink,
  step: StepBuilder,
  budget: number,
): void {
  let left = budget;
  for (const run of link.runs) {
    if (left <= 0) return;
    if (!run.canPrefill) continue;
    const numTokens = Math.min(left, run.prefillLeft);
    step.addPrefill(run, numTokens);
    left -= numTokens;
    if (run.prefillLeft === 0) sharePrompt(state, link, run, step);
  }
}

/** This step computes the last of the prompt: store its whole pages and let others have them. */
function sharePrompt(state: SchedulerState, link: DeviceLink, run: Run, step: StepBuilder): void {
  const numPages = link.wholePages(run.req.promptLen);
  if (!state.config.disableRadixCache && numPages > run.numTreePages) {
    step.store(run, numPages);
    insertPrompt(state, link, run);
    noteInserted(state, run, numPages * link.limits.pageSizeTokens);
  }
  letGoHeld(run.req);
}
