import type { SchedulerConfig } from '../../core/scheduler-config.js';
import type { DeviceLink } from '../devices/link.js';
import type { SchedulerParts } from '../parts.js';
import type { Seat } from '../seat/seat.js';
import type { StepBuilder } from './builder.js';

type Parts = Pick<SchedulerParts, 'waiting'>;

export interface PrefillWork {
  readonly seats: Iterable<Seat>;
  /** Prompt tokens. */
  readonly budget: number;
}

/** Prompt tokens that one step may compute. Fewer when streams wait for their next token. */
export function prefillBudget(config: SchedulerConfig, decodes: boolean): number {
  const chunk = config.chunkedPrefillSize < 0 ? Infinity : config.chunkedPrefillSize;
  const shared = decodes ? config.maxPrefillRowsWhileDecoding : Infinity;
  return Math.max(1, Math.min(chunk, config.maxPrefillTokens, shared));
}

/** The next chunks of the seats' prompts, in their order, up to `budget` tokens. */
export function planPrefill(
  parts: Parts,
  link: DeviceLink,
  step: StepBuilder,
  { seats, budget }: PrefillWork,
): void {
  let left = budget;
  for (const seat of seats) {
    if (left <= 0) return;
    if (!seat.canPrefill) continue;
    const numTokens = Math.min(left, seat.prefillLeft);
    step.addPrefill(seat, numTokens);
    left -= numTokens;
    if (seat.prefillLeft === 0) sharePrompt(parts, link, seat, step);
  }
}

/** This step computes the last of the prompt: store its whole pages and let others have them. */
function sharePrompt({ waiting }: Parts, link: DeviceLink, seat: Seat, step: StepBuilder): void {
  const numPages = seat.numPromptPages;
  if (numPages === 0) return;
  step.store(seat.store(numPages, step.step));
  seat.insert(numPages);
  waiting.noteInserted(seat, numPages * link.limits.pageSizeTokens);
}
