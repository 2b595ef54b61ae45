import type { Clock } from '../../core/clock.js';
import type { SchedulerConfig } from '../../core/scheduler-config.js';
import type { Matched, Probed, TreeKey } from '../../messages.js';
import type { Devices } from '../devices/devices.js';
import type { DeviceLink } from '../devices/link.js';
import type { Outbox } from '../outbox.js';
import { commonPrefix, type Req } from '../req.js';
import type { Seat } from '../seat/seat.js';
import { findHolder } from './hold-back.js';
import { Match, matchOp } from './match.js';
import { policyOf, type Policy } from './policy.js';
import { byPriority } from './priority.js';
import { Ticket, type WaitingReq } from './ticket.js';

export interface WaitingOptions {
  readonly config: SchedulerConfig;
  readonly clock: Clock;
  readonly outbox: Pick<Outbox, 'op'>;
  readonly devices: Devices;
}

/**
 * The one owner of waiting: every request without a seat that still wants one, in order of arrival
 * (retracted and retried ones first), and what it waits with. Nobody else changes a {@link Ticket};
 * `candidates.ts` chooses whom to route and match next.
 */
export class Waiting {
  readonly #config: SchedulerConfig;
  readonly #clock: Clock;
  readonly #outbox: Pick<Outbox, 'op'>;
  readonly #devices: Devices;
  readonly #policy: Policy;
  readonly #byReq = new Map<Req, Ticket>();
  /** In order of arrival. */
  #tickets = new Set<Ticket>();
  #ordered: Iterable<WaitingReq> | null = null;

  constructor({ config, clock, outbox, devices }: WaitingOptions) {
    this.#config = config;
    this.#clock = clock;
    this.#outbox = outbox;
    this.#devices = devices;
    const policy = policyOf(config);
    this.#policy = config.priority === null ? policy : byPriority(policy, config);
  }

  get length(): number {
    return this.#tickets.size;
  }

  has(req: Req): boolean {
    return this.#byReq.has(req);
  }

  /** In order of arrival. */
  [Symbol.iterator](): Iterator<WaitingReq> {
    return this.#tickets[Symbol.iterator]();
  }

  /** In the order in which the policy would seat them. Requests may leave while it is read. */
  inOrder(): Iterable<WaitingReq> {
    this.#ordered ??= this.#policy(this.#tickets);
    return this.#ordered;
  }

  // ---- accept, take, leave ----------------------------------------------------------------------

  /** A new request, behind everybody. */
  accept(req: Req): void {
    this.#tickets.add(this.#ticketFor(req));
    this.#ordered = null;
  }

  /** Requests that lost their seat: in front of everybody, `reqs[0]` first. */
  acceptAgain(reqs: readonly Req[]): void {
    if (reqs.length === 0) return;
    this.#tickets = new Set([...reqs.map((req) => this.#ticketFor(req)), ...this.#tickets]);
    this.#ordered = null;
  }

  /** The request is seated: its match, lock and pages are the seat's now. */
  take(ticket: Ticket): void {
    this.#remove(ticket);
  }

  /** The request ends without a seat. */
  leave(req: Req): void {
    const ticket = this.#byReq.get(req);
    if (ticket === undefined) return;
    this.giveUp(ticket);
    this.#remove(ticket);
  }

  #ticketFor(req: Req): Ticket {
    const ticket = new Ticket(req);
    this.#byReq.set(req, ticket);
    return ticket;
  }

  #remove(ticket: Ticket): void {
    this.#byReq.delete(ticket.req);
    this.#tickets.delete(ticket);
    this.#ordered = null;
  }

  // ---- match ------------------------------------------------------------------------------------

  /** Asks which prefixes of the prompt the trees hold. Locks nothing. */
  probe(ticket: Ticket): void {
    const { num, input, promptLen } = ticket.req;
    ticket.probe = 'pending';
    const { namespace } = input;
    this.#outbox.op({ op: 'probe', num, namespace, tokens: ticket.req.tokens(promptLen) });
  }

  /** The trees have answered: policy and routing may decide differently now. */
  probed(req: Req, { matches }: Probed): void {
    const ticket = this.#byReq.get(req);
    if (ticket === undefined) return;
    ticket.probe = new Map(matches.map(({ tree, numTokens }) => [tree, numTokens]));
    this.#ordered = null;
  }

  /** Asks for the longest cached prefix on `link`, locked. */
  match(ticket: Ticket, link: DeviceLink): void {
    const op = matchOp(this.#config, link, ticket.req);
    ticket.match = new Match(link.tree, this.#clock.nowMs(), op === null);
    if (op !== null) this.#outbox.op(op);
  }

  /**
   * The match is known and locked. Nobody needs it when its request has gone, or gave it up meanwhile.
   * @param req the one that asked, or undefined when it is gone
   */
  matched(req: Req | undefined, reply: Matched): void {
    const ticket = req === undefined ? undefined : this.#byReq.get(req);
    const link = this.#devices.at(reply.tree);
    const match = ticket?.match ?? null;
    if (match?.isPending === true && match.tree === reply.tree && link !== undefined) {
      match.answer(reply);
      this.#ordered = null;
      return;
    }
    if (ticket !== undefined && match?.tree === reply.tree) ticket.match = null;
    link?.unlock(reply.lock);
  }

  /** Gives the ticket's lock up; it will be matched again. */
  giveUp(ticket: Ticket): void {
    const { match } = ticket;
    if (match === null) return;
    if (!match.isReady) {
      match.abandon();
      return;
    }
    ticket.match = null;
    this.#devices.at(match.tree)?.unlock(match.lock);
  }

  /** Gives the lock up until a slot is free for the request. */
  matchLater(ticket: Ticket): void {
    this.giveUp(ticket);
    ticket.isMatchedLate = true;
  }

  /**
   * Pages are short: all but `except` give their locks on this device up. True when that brings pages,
   * now or with a reply on its way.
   */
  giveUpOthers(link: DeviceLink, except: Ticket | null): boolean {
    let brings = false;
    for (const ticket of this.#tickets) {
      const { match } = ticket;
      if (ticket === except || match?.tree !== link.tree) continue;
      if (match.isReady && match.lock === 0) continue;
      brings = true;
      this.giveUp(ticket);
    }
    return brings;
  }

  /** No waiting request keeps a prefix locked: the cache can be flushed. */
  giveUpAll(): void {
    for (const ticket of this.#tickets) this.giveUp(ticket);
  }

  /** The first `numTokens` tokens of the seat are in its tree from now on: older matches may be too short. */
  noteInserted(seat: Seat, numTokens: number): void {
    if (numTokens === 0 || this.#config.disableRadixCache) return;
    const { namespace, tenant } = seat.req.input;
    let tokens: Int32Array | null = null;
    for (const { req, match } of this.#tickets) {
      if (match?.tree !== seat.tree || req.input.namespace !== namespace) continue;
      tokens ??= seat.req.tokens(numTokens);
      const numShared = commonPrefix(tokens, req.input.inputIds, req.maxMatchTokens);
      match.noteInserted(numShared, req.input.tenant === tenant);
    }
  }

  // ---- hold -------------------------------------------------------------------------------------

  /** True when a seat in prefill computes a longer prefix of the request: the lock is given up meanwhile. */
  holdBack(ticket: Ticket, link: DeviceLink): boolean {
    const holder = findHolder(link, ticket);
    if (holder === null) return false;
    holder.seat.wantState(holder.shared);
    this.giveUp(ticket);
    return true;
  }

  // ---- route ------------------------------------------------------------------------------------

  /** @param target the device to go to; null = not known yet */
  route(ticket: Ticket, target: TreeKey | null): void {
    ticket.target = target;
  }

  /** Requests that were meant for this device go anywhere. */
  unroute({ tree }: DeviceLink): void {
    for (const ticket of this.#tickets) {
      if (ticket.target !== tree) continue;
      ticket.target = null;
      ticket.probe = 'none';
      this.giveUp(ticket);
    }
  }

  /** Some request began on these weights and waits to go on with them. */
  isAwaiting(weightsEpoch: number): boolean {
    for (const { req } of this.#tickets) {
      if (req.started?.weightsEpoch === weightsEpoch) return true;
    }
    return false;
  }
}

/** Cached tokens of the prompt on one device, as far as asked. */
export function probedTokens({ probe }: WaitingReq, tree: TreeKey): number {
  return typeof probe === 'string' ? 0 : (probe.get(tree) ?? 0);
}
