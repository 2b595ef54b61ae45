import type {
  CacheFault,
  CacheReply,
  Inserted,
  Leased,
  LeasedStates,
  RefusedInsert,
} from '../messages.js';
import type { DeviceLink } from './devices/link.js';
import type { StateReads } from './devices/state-reads.js';
import type { SchedulerParts } from './parts.js';

type Parts = Pick<SchedulerParts, 'outbox' | 'live' | 'waiting' | 'devices'>;

/** Gives each reply to who asked. Replies about a device that is gone change nothing. */
export function receiveReply(parts: Parts, reads: StateReads, reply: CacheReply): void {
  const { live, outbox, waiting } = parts;
  switch (reply.op) {
    case 'probed': {
      const req = live.get(reply.num);
      if (req !== undefined) waiting.probed(req, reply);
      break;
    }
    case 'matched':
      waiting.matched(live.get(reply.num), reply);
      break;
    case 'inserted':
      receiveInserted(parts, reply);
      break;
    case 'leased':
      receiveLeased(parts, reads, reply);
      break;
    case 'leasedStates':
      receiveLeasedStates(parts, reads, reply);
      break;
    case 'read':
      reads.answer(reply);
      break;
    case 'flushed':
      outbox.main({ kind: 'cacheFlushed', id: reply.id, failure: null });
      break;
    case 'experts':
      outbox.main({ kind: 'expertsRecorded', id: reply.id, dump: reply.dump });
      break;
    case 'fault':
      receiveFault(parts, reads, reply);
      break;
  }
}

function receiveLeased({ devices }: Parts, reads: StateReads, reply: Leased): void {
  devices.at(reply.tree)?.pages.receive(reply.pages, reply.asked);
  reads.noteLeased(reply.tree, { pages: reply.pages.length });
}

function receiveLeasedStates({ devices }: Parts, reads: StateReads, reply: LeasedStates): void {
  devices.at(reply.tree)?.states?.receive(reply.places, reply.asked);
  reads.noteLeased(reply.tree, { places: reply.places.length });
}

function receiveInserted({ devices, waiting }: Parts, reply: Inserted): void {
  const seat = devices.at(reply.tree)?.inserting(reply.num) ?? null;
  if (seat !== null) waiting.noteInserted(seat, seat.inserted(reply));
}

/**
 * The request that asked does without: a prefix that is not shared, pages that stay out of the tree. A question of
 * main's is answered with the refusal.
 */
function receiveFault(parts: Parts, reads: StateReads, fault: CacheFault): void {
  const { devices, live, outbox, waiting } = parts;
  const { message, question } = fault;
  outbox.log('error', `The cache actor refused an operation. ${message}`);
  if (question !== null) {
    reads.forget(question);
    outbox.main({ kind: 'questionFailed', question, message });
    return;
  }
  const prober = fault.tree === null && fault.num !== null ? live.get(fault.num) : undefined;
  if (prober !== undefined) waiting.probed(prober, { op: 'probed', num: prober.num, matches: [] });
  const link = fault.tree === null ? undefined : devices.at(fault.tree);
  if (link === undefined) return;
  if (fault.num === null) {
    link.pages.forgetAsked();
    link.states?.forgetAsked();
    return;
  }
  if (fault.insert !== null) {
    receiveRefusedInsert({ waiting }, link, fault.num, fault.insert);
    return;
  }
  const nothing = { numTokens: 0, pages: new Int32Array(0), lock: 0, miss: null };
  waiting.matched(live.get(fault.num), {
    op: 'matched',
    num: fault.num,
    tree: link.tree,
    ...nothing,
  });
}

/** A seat that still has its pages keeps them; those of one that gave them away come back here. */
function receiveRefusedInsert(
  { waiting }: Pick<Parts, 'waiting'>,
  link: DeviceLink,
  num: number,
  refused: RefusedInsert,
): void {
  link.states?.give(refused.states);
  const seat = refused.relock ? link.inserting(num) : null;
  if (seat !== null) waiting.noteInserted(seat, seat.notInserted(refused));
  else link.takeBack(refused);
}
