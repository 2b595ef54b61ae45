/** Devices come and go in generations; requests outlive them. */
import assert from 'node:assert/strict';
import type { Failure } from '../../core/errors.js';
import { treeKey, type DeviceDown } from '../../messages.js';
import { fail } from '../leave.js';
import { isRetried } from '../live-reqs.js';
import type { SchedulerParts } from '../parts.js';
import type { Req } from '../req.js';
import { DeviceLink, type Attach } from './link.js';

const OLD_WEIGHTS_GONE = 'The device failed and its weights have been replaced meanwhile.';

type Parts = Pick<SchedulerParts, 'config' | 'outbox' | 'live' | 'waiting' | 'devices'>;

/** A new device. An older one of the same rank takes no more requests and retires when it is empty. */
export function attachDevice(parts: Parts, attach: Attach): void {
  const { config, devices, outbox } = parts;
  const link = new DeviceLink(attach, config, outbox);
  assert(devices.at(link.tree) === undefined, `device ${link.tree} is attached already`);
  for (const older of devices) {
    if (older.device.rank === link.device.rank) closeToNew(parts, older);
  }
  devices.add(link);
  const { tree, sharesPrefixes, weightsEpoch } = link;
  const { numPages, pageSizeTokens } = link.limits;
  outbox.op({
    op: 'open',
    tree,
    numPages,
    pageSizeTokens,
    disabled: !sharesPrefixes,
    weightsEpoch,
    ...(link.states !== null && { numStatePlaces: link.states.numPlaces }),
  });
  failOrphans(parts, link.weightsEpoch);
}

/** All devices end when they are empty; requests that come wait for others. */
export function retireDevices(parts: Parts): void {
  for (const link of parts.devices) closeToNew(parts, link);
}

function closeToNew({ waiting }: Parts, link: DeviceLink): void {
  link.retiring = true;
  waiting.unroute(link);
}

/** Waiting requests that began on weights that no device has any more, and none will: there are newer ones. */
function failOrphans(parts: Parts, newest: number): void {
  const served = new Set([...parts.devices].map(({ weightsEpoch }) => weightsEpoch));
  const orphans = [...parts.waiting].filter(({ req }) => {
    const epoch = req.started?.weightsEpoch ?? newest;
    return epoch < newest && !served.has(epoch);
  });
  const failure: Failure = { code: 'DEVICE_FAILED', message: OLD_WEIGHTS_GONE };
  for (const { req } of orphans) fail(parts, req, failure);
}

/**
 * The worker of a device is gone. Its running requests go back to the front of the queue, once: replaying
 * their outputs makes the answer exact on any device. A second death ends them.
 */
export function deviceDown(
  parts: Parts,
  { device, message }: DeviceDown,
  embedding: { retry(link: DeviceLink, why: string): number },
): void {
  const { devices, outbox, waiting } = parts;
  const link = devices.at(treeKey(device));
  if (link === undefined) return;
  devices.remove(link);
  outbox.op({ op: 'close', tree: link.tree });
  waiting.unroute(link);
  const retried: Req[] = [];
  for (const seat of link.seats) {
    seat.lose();
    if (isRetried(seat.req)) retried.push(seat.req);
    else fail(parts, seat.req, { code: 'DEVICE_FAILED', message });
  }
  for (const seat of link.leavers) seat.lose();
  waiting.acceptAgain(retried);
  failOrphans(parts, Math.max(0, ...[...devices].map(({ weightsEpoch }) => weightsEpoch)));
  const numRetried = retried.length + embedding.retry(link, message);
  outbox.log('warn', `Device ${device.rank} is gone: ${message}. #retried-req: ${numRetried}`);
}

/** No device will serve this rank: who asked for it and no other is told; who comes later is refused. */
export function rankDown(parts: Parts, rank: number): void {
  const failure = parts.devices.giveUpRank(rank);
  for (const { req } of [...parts.waiting]) {
    if (req.input.dpRank === rank) fail(parts, req, failure);
  }
}

/** Older generations that have nothing left to do end. */
export function retireEmpty(parts: Parts): void {
  for (const link of parts.devices) {
    if (link.retiring && link.isEmpty && !parts.waiting.isAwaiting(link.weightsEpoch)) {
      retire(parts, link);
    }
  }
}

export function retire({ devices, outbox }: Parts, link: DeviceLink): void {
  devices.remove(link);
  outbox.op({ op: 'close', tree: link.tree });
  link.post({ kind: 'retire' });
}
