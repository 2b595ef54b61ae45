/** Devices come and go in generations; requests outlive them. */
import { failureReason } from '../core/finish-reason.js';
import assert from 'node:assert/strict';
import { treeKey, type AttachDevice, type DeviceDown } from '../messages.js';
import { DeviceLink } from './device-link.js';
import { retryEmbeds } from './embed.js';
import { finish } from './ending.js';
import { dropMatch } from './prefix-match.js';
import { backToWaiting } from './retract.js';
import type { Req } from './req.js';
import { isAwaited, type SchedulerState } from './state.js';
import { rankIsDown } from './submission.js';

/** A request whose device died this many times is given up. */
const DEVICE_DEATHS_MAX = 2;

const OLD_WEIGHTS_GONE = 'The device failed and its weights have been replaced meanwhile.';

export type Attach = Omit<AttachDevice, 'port'>;

/** A new device. An older one of the same rank takes no more requests and retires when it is empty. */
export function attachDevice(state: SchedulerState, attach: Attach): void {
  const link = new DeviceLink(attach, state.config);
  assert(!state.links.has(link.tree), `device ${link.tree} is attached already`);
  for (const older of state.links.values()) {
    if (older.device.rank === link.device.rank) closeToNew(state, older);
  }
  state.links.set(link.tree, link);
  state.ranks.add(link.device.rank);
  state.downRanks.delete(link.device.rank);
  state.outbox.op({
    op: 'open',
    tree: link.tree,
    numPages: link.limits.numPages,
    pageSizeTokens: link.limits.pageSizeTokens,
    disabled: state.config.disableRadixCache,
  });
  failOrphans(state, link.weightsEpoch);
}

/** All devices end when they are empty; requests that come wait for others. */
export function retireDevices(state: SchedulerState): void {
  for (const link of state.links.values()) closeToNew(state, link);
}

function closeToNew(state: SchedulerState, link: DeviceLink): void {
  link.retiring = true;
  unroute(state, link);
}

/** Waiting requests that began on weights that no device has any more, and none will: there are newer ones. */
function failOrphans(state: SchedulerState, newest: number): void {
  const served = new Set([...state.links.values()].map((link) => link.weightsEpoch));
  const orphans = [...state.queue].filter(({ firstRun }) => {
    const epoch = firstRun?.weightsEpoch ?? newest;
    return epoch < newest && !served.has(epoch);
  });
  for (const req of orphans) finish(state, req, failureReason('DEVICE_FAILED', OLD_WEIGHTS_GONE));
}

/**
 * Its running requests go back to the front of the queue, once: replaying their outputs makes the answer
 * exact on any device. A second death ends them.
 */
export function deviceDown(state: SchedulerState, message: DeviceDown): void {
  const link = state.links.get(treeKey(message.device));
  if (link === undefined) return;
  state.links.delete(link.tree);
  state.outbox.op({ op: 'close', tree: link.tree });
  unroute(state, link);
  const retried: Req[] = [];
  for (const { req } of link.runs) {
    if (++req.numDeviceDeaths < DEVICE_DEATHS_MAX) retried.push(backToWaiting(req));
    else finish(state, req, failureReason('DEVICE_FAILED', message.message));
  }
  if (retried.length > 0) state.queue.pushFront(retried);
  const newest = Math.max(0, ...[...state.links.values()].map((one) => one.weightsEpoch));
  failOrphans(state, newest);
  const numRetried = retried.length + retryEmbeds(state, link, message.message);
  state.outbox.log(
    'warn',
    `Device ${link.device.rank} is gone: ${message.message}. #retried-req: ${numRetried}`,
  );
}

/** Who asked for this rank and no other is told; who comes later is refused. */
export function rankDown(state: SchedulerState, rank: number): void {
  state.downRanks.add(rank);
  const { code, message } = rankIsDown(rank);
  for (const req of [...state.queue]) {
    if (req.input.dpRank === rank) finish(state, req, failureReason(code, message));
  }
}

/** Older generations that have nothing left to do end. */
export function retireEmpty(state: SchedulerState): void {
  for (const link of [...state.links.values()])
    if (link.retiring && link.isEmpty && !isAwaited(state, link)) retire(state, link);
}

export function retire(state: SchedulerState, link: DeviceLink): void {
  state.links.delete(link.tree);
  state.outbox.op({ op: 'close', tree: link.tree });
  state.outbox.device(link.device, { kind: 'retire' });
}

/** Waiting requests that were meant for this device go anywhere. */
function unroute(state: SchedulerState, link: DeviceLink): void {
  for (const req of state.queue) {
    if (req.tree !== link.tree) continue;
    req.tree = null;
    req.probe = 'none';
    dropMatch(state, req);
  }
}
