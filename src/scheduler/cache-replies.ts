import type { CacheFault, CacheReply, Inserted, Leased } from '../messages.js';
import { unlock } from './cache-ops.js';
import { receiveProbe } from './candidates.js';
import type { DeviceLink } from './device-link.js';
import { settle } from './ending.js';
import { receiveMatch } from './prefix-match.js';
import type { Run } from './run.js';
import type { StateReads } from './state-reads.js';
import type { SchedulerState } from './state.js';

/** Replies about a device that is gone change nothing. */
export function receiveReply(state: SchedulerState, reads: StateReads, reply: CacheReply): void {
  switch (reply.op) {
    case 'probed':
      receiveProbe(state, reply);
      break;
    case 'matched':
      receiveMatch(state, reply);
      break;
    case 'inserted':
      receiveInserted(state, reply);
      break;
    case 'leased':
      receiveLeased(state, reads, reply);
      break;
    case 'read':
      reads.answer(state, reply);
      break;
    case 'flushed':
      state.outbox.main({ kind: 'cacheFlushed', id: reply.id, failure: null });
      break;
    case 'experts':
      state.outbox.main({ kind: 'expertsRecorded', id: reply.id, dump: reply.dump });
      break;
    case 'fault':
      receiveFault(state, reply);
      break;
  }
}

function receiveLeased(state: SchedulerState, reads: StateReads, reply: Leased): void {
  state.links.get(reply.tree)?.pages.receive(reply);
  reads.noteLeased(reply);
}

/** The prompt's pages are the tree's now: maybe others than the run's own, with the same rows. */
function receiveInserted(state: SchedulerState, reply: Inserted): void {
  const link = state.links.get(reply.tree);
  const run = link?.inserting.get(reply.num);
  if (link === undefined || run === undefined) return;
  inserted(state, link, run, reply);
}

function inserted(
  state: SchedulerState,
  link: DeviceLink,
  run: Run,
  reply: { readonly pages: Iterable<number>; readonly lock: number },
): void {
  const numPages = run.numPagesInserting;
  link.inserting.delete(run.req.num);
  run.numPagesInserting = 0;
  run.numTreePages = numPages;
  if (run.pagesReleased) {
    unlock(state, link, reply.lock);
  } else {
    const pages = [...reply.pages];
    link.pages.drop(run.pages.slice(0, numPages));
    run.pages.splice(0, numPages, ...pages);
    link.pages.hold(pages);
    run.lock = reply.lock;
  }
  settle(state, link, run);
}

/** The request that asked does without: a prefix that is not shared, pages that stay out of the tree. */
function receiveFault(state: SchedulerState, fault: CacheFault): void {
  state.outbox.log('error', `The cache actor refused an operation. ${fault.message}`);
  const link = fault.tree === null ? undefined : state.links.get(fault.tree);
  if (link === undefined) return;
  if (fault.num === null) {
    link.pages.forgetAsked();
    return;
  }
  const run = link.inserting.get(fault.num);
  if (run !== undefined) {
    inserted(state, link, run, { pages: run.pages.slice(0, run.numPagesInserting), lock: 0 });
    return;
  }
  const nothing = { numTokens: 0, pages: new Int32Array(0), lock: 0 };
  receiveMatch(state, { op: 'matched', num: fault.num, tree: link.tree, ...nothing });
}
