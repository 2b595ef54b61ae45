import type { DeviceState } from '../messages.js';

/** Part of the KV pool that requests use, in [0, 1]; 0 on an embedding model, which has no pool. */
export function tokenUsage({ numUsedTokens, kvPool }: DeviceState): number {
  return kvPool.totalTokens === 0 ? 0 : numUsedTokens / kvPool.totalTokens;
}

/** Running requests by their largest number; 0 on an embedding model, which knows no such number. */
export function utilization({ numRunning, load }: DeviceState): number {
  return load.maxRunning === 0 ? 0 : numRunning / load.maxRunning;
}

/** Part of the places for recurrent states that requests hold, in [0, 1]; 0 where none are kept. */
export function stateUsage({ statePool }: DeviceState): number {
  return statePool === null ? 0 : statePool.held / statePool.total;
}
