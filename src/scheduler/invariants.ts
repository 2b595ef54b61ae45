/**
 * What must hold after every turn, as a pure function, for tests.
 * Empty means sound; each entry says what is broken.
 */
import { MAX_STEPS_IN_FLIGHT, type DeviceLink } from './device-link.js';
import type { Run } from './run.js';
import type { SchedulerState } from './state.js';

export function violations(state: SchedulerState): string[] {
  const found = [...state.links.values()].flatMap((link) => linkViolations(link));
  let numRunning = 0;
  for (const req of state.live.values()) {
    if (req.phase === 'finished') found.push(`req ${req.num}: finished but live`);
    if (req.phase === 'running') numRunning++;
    if ((req.phase === 'running') !== (req.run?.isLive === true)) {
      found.push(`req ${req.num}: is ${req.phase} and its run says otherwise`);
    }
    if (req.heldBy !== null && !req.heldBy.holds.has(req))
      found.push(`req ${req.num}: held one-sidedly`);
    if (req.heldBy !== null && req.heldBy.phase !== 'running') {
      found.push(`req ${req.num}: held by a request that does not run`);
    }
  }
  for (const req of state.queue) {
    if (req.phase !== 'waiting') found.push(`req ${req.num}: queued but ${req.phase}`);
  }
  const numRuns = [...state.links.values()].reduce((sum, link) => sum + link.runs.size, 0);
  if (numRuns !== numRunning) found.push(`${numRuns} runs for ${numRunning} running requests`);
  return [...found, ...embedViolations(state)];
}

function linkViolations(link: DeviceLink): string[] {
  return [...slotViolations(link), ...pageViolations(link)].map((text) => `${link.tree}: ${text}`);
}

function slotViolations(link: DeviceLink): string[] {
  const open = [...link.runs, ...link.closing].map((run) => run.slot);
  const all = [...open, ...link.freeSlots].sort((a, b) => a - b);
  const sound = all.length === link.limits.numSlots && all.every((slot, i) => slot === i);
  return sound ? [] : [`slots are [${all.join(' ')}]`];
}

/** Every leased page has one owner; every run has a page for each of its rows. */
function pageViolations(link: DeviceLink): string[] {
  const found: string[] = [];
  const owned = new Set<number>(link.pages.idle);
  if (owned.size !== link.pages.idle.length) found.push('a page is idle twice');
  for (const run of new Set([...link.runs, ...link.unsettled])) {
    if (run.pagesReleased) continue;
    for (const page of ownPages(run)) {
      if (owned.has(page)) found.push(`page ${page} has two owners`);
      owned.add(page);
    }
    if (run.pages.length * link.limits.pageSizeTokens < run.plannedLen) {
      found.push(`req ${run.req.num}: rows without pages`);
    }
    if (run.plannedLen > run.req.maxRows) found.push(`req ${run.req.num}: too many rows`);
  }
  if (owned.size > link.limits.numPages) found.push(`${owned.size} pages are leased`);
  return found;
}

/** Pages that are the run's alone: not the tree's, not on their way into it. */
function ownPages(run: Run): number[] {
  return run.pages.slice(Math.max(run.numTreePages, run.numPagesInserting));
}

/** Every live text of an embedding model waits, or is in one step of one device. */
function embedViolations({ embeds, links }: SchedulerState): string[] {
  const found: string[] = [];
  const steps = [...links.values()].map(({ embedSteps }) => embedSteps);
  const posted = steps.flat().flatMap(({ reqs }) => reqs);
  const places = [...embeds.waiting, ...posted.filter((text) => embeds.isLive(text))];
  const placed = new Set(places);
  if (placed.size !== places.length) found.push('a text is in two places');
  for (const text of embeds.live.values()) {
    if (!placed.has(text)) found.push(`text ${text.num}: is nowhere`);
    if (!embeds.rids.has(text.input.rid)) found.push(`text ${text.num}: its rid is free`);
  }
  for (const text of embeds.waiting) {
    if (!embeds.isLive(text)) found.push(`text ${text.num}: waits but is finished`);
  }
  if (embeds.rids.size !== embeds.live.size) found.push('rids of texts that are gone');
  if (steps.some(({ length }) => length > MAX_STEPS_IN_FLIGHT)) found.push('too many embed steps');
  return found;
}
