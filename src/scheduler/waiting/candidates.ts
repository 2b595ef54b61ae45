/**
 * Which waiting requests come next, and where. Prefixes are asked for as soon as a request comes near
 * the front, so that a match is at hand when a slot is free and the device never waits for the cache.
 */
import type { TreeKey } from '../../messages.js';
import type { DeviceLink } from '../devices/link.js';
import { chooseTarget } from '../devices/routing.js';
import type { SchedulerParts } from '../parts.js';
import { LPM_QUEUE_MAX } from './policy.js';
import type { WaitingReq } from './ticket.js';
import { probedTokens } from './waiting.js';

/** Waiting requests per device that are matched beyond the free slots. */
const MATCHED_AHEAD = 8;
/** A lock of a waiting request pins pages: not longer than this. */
const MATCH_LOCK_MAX_MS = 10_000;

interface Space {
  readonly link: DeviceLink;
  /** How many more requests the device may be given. */
  left: number;
  /** Running and already routed requests. */
  load: number;
}

type Room = ReadonlyMap<TreeKey, Space>;

type Parts = Pick<SchedulerParts, 'config' | 'clock' | 'devices' | 'waiting'>;

/** Routes and matches the first waiting requests. */
export function prepareCandidates(parts: Parts): void {
  const { config, waiting } = parts;
  if (waiting.length === 0) return;
  const room = roomOf(parts);
  if (config.policy === 'lpm') probeForOrder(parts);
  for (const ticket of waiting.inOrder()) {
    if (!waiting.has(ticket.req)) continue;
    if (![...room.values()].some(({ left }) => left > 0)) break;
    prepare(parts, room, ticket);
  }
}

function roomOf({ devices, waiting }: Parts): Room {
  const room = new Map<TreeKey, Space>();
  for (const link of devices) {
    if (link.retiring && !waiting.isAwaiting(link.weightsEpoch)) continue;
    const left = link.scarce ? 1 : link.numFreeRunning + MATCHED_AHEAD;
    room.set(link.tree, { link, left, load: link.seats.size });
  }
  if (room.size === 1) return room;
  for (const { target } of waiting) {
    const space = target === null ? undefined : room.get(target);
    if (space !== undefined) space.load++;
  }
  return room;
}

function prepare(parts: Parts, room: Room, ticket: WaitingReq): void {
  if (ticket.target === null) parts.waiting.route(ticket, chooseDevice(parts, room, ticket));
  const space = ticket.target === null ? undefined : room.get(ticket.target);
  if (space === undefined || space.left <= 0) return;
  const { link } = space;
  giveUpOldLock(parts, link, ticket);
  const wanted = !ticket.isMatchedLate || link.scarce || space.left > MATCHED_AHEAD;
  if (ticket.match === null && wanted && !link.starved) parts.waiting.match(ticket, link);
  space.left--;
}

function giveUpOldLock({ clock, waiting }: Parts, link: DeviceLink, ticket: WaitingReq): void {
  const { match } = ticket;
  if (match === null || match.lock === 0 || link.numFreeRunning > 0) return;
  if (clock.nowMs() - match.askedAtMs < MATCH_LOCK_MAX_MS) return;
  waiting.matchLater(ticket);
}

/** The device that the request should go to; null when none has room, or its prefixes are not known yet. */
function chooseDevice({ config, waiting }: Parts, room: Room, ticket: WaitingReq): TreeKey | null {
  const spaces = [...room.values()].filter(({ link }) => link.takes(ticket.req));
  if (spaces.length > 1 && !config.disableRadixCache) {
    if (ticket.probe === 'none') waiting.probe(ticket);
    if (ticket.probe === 'pending') return null;
  }
  const targets = spaces.map((space) => ({
    device: space,
    load: space.load,
    cachedTokens: probedTokens(ticket, space.link.tree),
    hasRoom: space.left > 0,
  }));
  const chosen = chooseTarget(targets, ticket.req.promptLen);
  if (chosen === null) return null;
  chosen.load++;
  return chosen.link.tree;
}

/** `lpm` orders by cached prefixes, so it wants to know all of them. */
function probeForOrder({ config, waiting }: Parts): void {
  if (waiting.length > LPM_QUEUE_MAX || config.disableRadixCache) return;
  for (const ticket of waiting) if (ticket.probe === 'none') waiting.probe(ticket);
}
