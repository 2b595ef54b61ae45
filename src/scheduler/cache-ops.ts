/** The operations of a run on its tree, with the book-keeping that belongs to each. */
import type { DeviceLink } from './device-link.js';
import type { Run } from './run.js';
import type { SchedulerState } from './state.js';

/** Pages kept idle for growth and short prompts, beyond one per running request. */
const RESERVE_PAGES = 32;

/**
 * The prompt of `run` is computed by the step that is being planned: lets other requests share it at
 * once. The run keeps a lock, which comes with the reply.
 */
export function insertPrompt(state: SchedulerState, link: DeviceLink, run: Run): void {
  const { req } = run;
  const numPages = link.wholePages(req.promptLen);
  const numTokens = numPages * link.limits.pageSizeTokens;
  state.outbox.op({
    op: 'insert',
    num: req.num,
    tree: link.tree,
    namespace: req.input.namespace,
    tokens: req.tokens(numTokens),
    pages: Int32Array.from(run.pages.slice(0, numPages)),
    ownFrom: run.numTreePages,
    prefillTokens: numTokens,
    lock: run.lock,
    relock: true,
  });
  run.lock = 0;
  run.numPagesInserting = numPages;
  link.inserting.set(req.num, run);
  link.pages.released();
}

/** The slot is closed and the number of rows to keep is known: everything goes back, the rows to the tree. */
export function releasePages(state: SchedulerState, link: DeviceLink, run: Run): void {
  const numKept = state.config.disableRadixCache ? 0 : link.wholePages(run.keepRows ?? 0);
  link.pages.drop(run.pages);
  link.pages.released();
  run.pagesReleased = true;
  if (numKept <= run.numTreePages) {
    link.pages.give(run.pages.slice(run.numTreePages));
    unlock(state, link, run.lock);
    return;
  }
  const { req } = run;
  const numTokens = numKept * link.limits.pageSizeTokens;
  state.outbox.op({
    op: 'insert',
    num: req.num,
    tree: link.tree,
    namespace: req.input.namespace,
    tokens: req.tokens(numTokens),
    pages: Int32Array.from(run.pages.slice(0, numKept)),
    ownFrom: run.numTreePages,
    prefillTokens: Math.min(numTokens, req.promptLen),
    lock: run.lock,
    relock: false,
  });
  link.pages.give(run.pages.slice(numKept));
}

export function unlock(state: SchedulerState, link: DeviceLink, lock: number): void {
  if (lock === 0) return;
  state.outbox.op({ op: 'unlock', tree: link.tree, lock });
  link.pages.released();
}

/**
 * Keeps the reserve of idle pages filled, so that decoding waits for nobody, and gives back what is
 * far beyond it.
 */
export function adjustLease(state: SchedulerState, link: DeviceLink): void {
  const { pages, runs } = link;
  const share = Math.max(1, pages.numPages >> 3);
  const reserve = Math.min(share, runs.size + RESERVE_PAGES);
  const target = Math.max(reserve, link.starved ? runs.size : 0) + pages.numWanted;
  const missing = target - pages.idle.length - pages.numAsked;
  if (missing > 0 && !pages.dry) {
    state.outbox.op({ op: 'lease', tree: link.tree, numPages: missing });
    pages.asked(missing);
  } else if (-missing > target + Math.min(share, RESERVE_PAGES)) {
    const surplus = pages.take(pages.idle.length - target);
    state.outbox.op({ op: 'return', tree: link.tree, pages: Int32Array.from(surplus) });
    pages.released();
  }
}
