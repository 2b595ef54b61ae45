import { acceptLength, acceptRate } from '../../../core/acceptance.js';
import {
  NO_GENERATION,
  treeKey,
  type DeviceId,
  type DeviceState as ReadDevice,
} from '../../../messages.js';
import type { StepLanes } from './step-lanes.js';
import type { DeviceName, DeviceState } from './types.js';

/** A rank without a device has its number alone. */
export function nameOf(device: DeviceId): DeviceName {
  return device.generation === NO_GENERATION ? String(device.rank) : treeKey(device);
}

export function deviceStates(
  devices: readonly ReadDevice[],
  lanes: StepLanes,
  pageSizeTokens: number,
): Readonly<Record<DeviceName, DeviceState>> {
  const newest = new Map<number, number>();
  for (const { device } of devices) {
    const { rank, generation } = device;
    newest.set(rank, Math.max(newest.get(rank) ?? NO_GENERATION, generation));
  }
  const states = devices.map((read): [DeviceName, DeviceState] => {
    const { rank, generation } = read.device;
    const isAbsent = generation === NO_GENERATION;
    const isNewest = newest.get(rank) === generation;
    return [
      nameOf(read.device),
      {
        rank,
        ...(isAbsent ? {} : { generation }),
        state: isAbsent ? 'absent' : isNewest ? 'serving' : 'retiring',
        ...countsOf(read, pageSizeTokens),
        steps: lanes.barsOf(nameOf(read.device)),
      },
    ];
  });
  return Object.fromEntries(states);
}

function countsOf({ numRunning, load, kvPool }: ReadDevice, pageSizeTokens: number) {
  const pages = (numTokens: number): number => Math.round(numTokens / pageSizeTokens);
  const { totals, drafts } = load;
  return {
    running: numRunning,
    max_running: load.maxRunning,
    waiting: load.numWaiting,
    retracted: load.numRetracted,
    pages: {
      total: pages(kvPool.totalTokens),
      free: pages(kvPool.freeTokens),
      cached: pages(kvPool.cachedTokens),
      held: pages(kvPool.heldTokens),
    },
    totals: {
      prompt: totals.prefillTokens,
      cached: totals.cachedTokens,
      output: totals.decodeTokens,
      retractions: totals.retractions,
    },
    ...(drafts && {
      speculation: { accept_length: acceptLength(drafts), accept_rate: acceptRate(drafts) },
    }),
  };
}
