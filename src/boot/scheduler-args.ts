import type { HostEnv } from '../config/load.js';
import type { ServerArgs } from '../config/server-args.js';
import { DEFAULT_SCHEDULER_CONFIG, type SchedulerConfig } from '../core/scheduler-config.js';
import type { DeviceLimits } from '../messages.js';

/** What the command line and the environment tell the scheduler. */
export function schedulerConfig(
  args: ServerArgs,
  env: HostEnv,
  limits: DeviceLimits,
): SchedulerConfig {
  return {
    ...DEFAULT_SCHEDULER_CONFIG,
    policy: args.schedulePolicy,
    policySeed: args.randomSeed ?? 0,
    priority: priorityConfig(args),
    waitingTimeoutMs: env.reqWaitingTimeoutMs,
    runningTimeoutMs: env.reqRunningTimeoutMs,
    chunkedPrefillSize: args.chunkedPrefillSize,
    maxPrefillTokens: args.maxPrefillTokens,
    maxRunningRequests: limits.numSlots,
    maxQueuedRequests: args.maxQueuedRequests,
    decodeLogInterval: args.decodeLogInterval,
    disableRadixCache: args.disableRadixCache,
    deterministic: args.enableDeterministicInference,
    scheduleConservativeness: args.scheduleConservativeness,
  };
}

function priorityConfig(args: ServerArgs): SchedulerConfig['priority'] {
  if (!args.enablePriorityScheduling) return null;
  return {
    lowValuesFirst: args.scheduleLowPriorityValuesFirst,
    preemptionThreshold: args.disablePriorityPreemption
      ? null
      : args.prioritySchedulingPreemptionThreshold,
  };
}
