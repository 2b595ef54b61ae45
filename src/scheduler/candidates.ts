/**
 * Which waiting requests come next, and where. Prefixes are asked for as soon as a request comes near
 * the front, so that a match is at hand when a slot is free and the device never waits for the cache.
 */
import type { Probed, TreeKey } from '../messages.js';
import type { DeviceLink } from './device-link.js';
import { LPM_QUEUE_MAX } from './policy.js';
import { askMatch, dropMatch } from './prefix-match.js';
import type { Req } from './req.js';
import { chooseTarget } from './routing.js';
import { isAwaited, takes, type SchedulerState } from './state.js';

/** Waiting requests per device that are matched beyond the free slots. */
const MATCHED_AHEAD = 8;
/** A lock of a waiting request pins pages: not longer than this. */
const MATCH_LOCK_MAX_MS = 10_000;

interface Space {
  /** How many more requests the device may be given. */
  left: number;
  /** Running and already routed requests. */
  load: number;
}

type Room = Map<DeviceLink, Space>;

/** Routes and matches the first waiting requests. */
export function prepareCandidates(state: SchedulerState): void {
  if (state.queue.length === 0) return;
  const links = [...state.links.values()].filter((one) => !one.retiring || isAwaited(state, one));
  const room = roomOf(state, links);
  if (state.config.policy === 'lpm') probeForOrder(state);
  for (const req of state.queue.inOrder()) {
    if (req.phase !== 'waiting') continue;
    if (![...room.values()].some(({ left }) => left > 0)) break;
    prepare(state, room, req);
  }
}

function roomOf(state: SchedulerState, links: readonly DeviceLink[]): Room {
  const room: Room = new Map();
  for (const link of links) {
    const left = link.scarce ? 1 : link.numFreeRunning + MATCHED_AHEAD;
    room.set(link, { left, load: link.runs.size });
  }
  if (links.length === 1) return room;
  for (const req of state.queue) {
    const space = req.tree === null ? undefined : spaceOf(state, room, req.tree);
    if (space !== undefined) space.load++;
  }
  return room;
}

function spaceOf(state: SchedulerState, room: Room, tree: TreeKey): Space | undefined {
  const link = state.links.get(tree);
  return link === undefined ? undefined : room.get(link);
}

function prepare(state: SchedulerState, room: Room, req: Req): void {
  if (req.heldBy !== null) return;
  if (req.tree === null) req.tree = route(state, room, req);
  const link = req.tree === null ? undefined : state.links.get(req.tree);
  const space = link === undefined ? undefined : room.get(link);
  if (link === undefined || space === undefined || space.left <= 0) return;
  giveUpOldLock(state, link, req);
  const wanted = !req.matchLate || link.scarce || space.left > MATCHED_AHEAD;
  if (req.match === null && wanted && !link.starved) askMatch(state, link, req);
  space.left--;
}

function giveUpOldLock(state: SchedulerState, link: DeviceLink, req: Req): void {
  const { match } = req;
  if (match === null || match.lock === 0 || link.numFreeRunning > 0) return;
  if (state.clock.nowMs() - match.askedAtMs < MATCH_LOCK_MAX_MS) return;
  dropMatch(state, req);
  req.matchLate = true;
}

function route(state: SchedulerState, room: Room, req: Req): TreeKey | null {
  const pinned = req.input.dpRank;
  const links = [...room.keys()].filter(
    (link) => takes(link, req) && (pinned === null || link.device.rank === pinned),
  );
  if (links.length > 1 && !state.config.disableRadixCache) {
    if (req.probe === 'none') askProbe(state, req);
    if (req.probe === 'pending') return null;
  }
  const { probe } = req;
  const targets = links.map((link) => ({
    link,
    load: room.get(link)?.load ?? 0,
    cachedTokens: typeof probe === 'string' ? 0 : (probe.get(link.tree) ?? 0),
    hasRoom: (room.get(link)?.left ?? 0) > 0,
  }));
  const chosen = chooseTarget(targets, req.promptLen);
  const space = chosen === null ? undefined : room.get(chosen);
  if (space !== undefined) space.load++;
  return chosen?.tree ?? null;
}

/** `lpm` orders by cached prefixes, so it wants to know all of them. */
function probeForOrder(state: SchedulerState): void {
  if (state.queue.length > LPM_QUEUE_MAX || state.config.disableRadixCache) return;
  for (const req of state.queue) if (req.probe === 'none') askProbe(state, req);
}

function askProbe(state: SchedulerState, req: Req): void {
  req.probe = 'pending';
  const { namespace } = req.input;
  state.outbox.op({ op: 'probe', num: req.num, namespace, tokens: req.tokens(req.promptLen) });
}

export function receiveProbe(state: SchedulerState, reply: Probed): void {
  const req = state.live.get(reply.num);
  if (req === undefined) return;
  req.probe = new Map(reply.matches.map(({ tree, numTokens }) => [tree, numTokens]));
  state.queue.reorder();
}
