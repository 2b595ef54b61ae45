import { availableParallelism, totalmem } from 'node:os';
import type { HostEnv } from '../config/load.js';
import type { ResolvedArgs, ServerArgs } from '../config/server-args.js';
import { StartupError } from '../core/errors.js';
import type { ExpertRecording } from '../core/expert-recording.js';
import type { ModelSpec } from '../core/model-spec.js';
import type { Speculation } from '../core/speculation.js';
import { DEFAULT_SCHEDULER_CONFIG, type SchedulerConfig } from '../core/scheduler-config.js';
import type { RankGpu } from '../device/adapters/candidate.js';
import { planMemory, type MemoryPlan } from '../device/limits.js';
import { planGpuMemory } from '../device/paged/gpu-limits.js';
import type { ServingLimits } from '../engine/served-model.js';
import type { SharedStart } from '../fleet/rank.js';
import type { DeviceLimits } from '../messages.js';

/** What this server may use of the machine. */
export interface Machine {
  readonly numCores: number;
  readonly memoryBytes: number;
}

/** Memory is RAM, or the container's limit where there is one (`constrainedMemory` is 0 or huge without). */
export function thisMachine(): Machine {
  const limit = process.constrainedMemory();
  const memoryBytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return { numCores: availableParallelism(), memoryBytes };
}

export interface Specs {
  readonly spec: ModelSpec;
  /** Of the model that drafts; null = none. */
  readonly draft: ModelSpec | null;
}

export interface PlannedRoom {
  readonly gpus?: readonly RankGpu[];
  /** Of the adapters of a device. */
  readonly loraBytes?: number;
}

/** How the devices share the memory. @throws StartupError where it does not suffice */
export function memoryPlan(
  args: ResolvedArgs,
  { spec, draft }: Specs,
  machine: Machine,
  { gpus = [], loraBytes = 0 }: PlannedRoom = {},
): MemoryPlan {
  const shared = {
    spec,
    numDevices: args.dpSize,
    memFraction: args.memFractionStatic,
    maxRunningRequests: args.maxRunningRequests,
    maxTotalTokens: args.maxTotalTokens,
    pageSizeTokens: args.pageSize,
    states: args.disableRadixCache
      ? null
      : { maxPlaces: args.maxMambaCacheSize, intervalTokens: args.mambaTrackInterval },
  };
  return gpus.length === 0
    ? planMemory({ ...shared, draft, loraBytes, memoryBytes: machine.memoryBytes })
    : planGpuMemory({
        ...shared,
        memoryBytes: gpuBytes(args, machine, gpus),
        arrayBytesMax: arrayBytesMax(args, gpus),
      });
}

/** WebGPU shows a shader no more of a buffer at once; what is larger takes several of its few bindings. */
const WEBGPU_ARRAY_BYTES = 2 ** 30;
/** Of software adapters. */
const SOFTWARE_ARRAY_BYTES = 2 ** 27;

function arrayBytesMax({ device }: ResolvedArgs, gpus: readonly RankGpu[]): number {
  if (device !== 'webgpu') return Infinity;
  return gpus.some(({ isSoftware }) => isSoftware) ? SOFTWARE_ARRAY_BYTES : WEBGPU_ARRAY_BYTES;
}

/** Of the memory of a machine that its CPU, as a GPU, may have beside everything else. */
const SOFTWARE_SHARE = 0.5;

/** What each device may take: what was said, or the least that a card has; null = nobody says. */
function gpuBytes(
  { gpuMemoryGb, dpSize }: ResolvedArgs,
  machine: Machine,
  gpus: readonly RankGpu[],
): number | null {
  if (gpuMemoryGb !== null) return gpuMemoryGb * 2 ** 30;
  const sizes = gpus.map(({ isSoftware, memoryBytes }) =>
    isSoftware ? (machine.memoryBytes * SOFTWARE_SHARE) / dpSize : memoryBytes,
  );
  return sizes.includes(null) ? null : Math.min(...sizes.map(Number));
}

/** What the scheduler is told of the devices and the model. */
export interface SchedulerSetting {
  readonly limits: DeviceLimits;
  readonly speculation: Speculation | null;
}

/** What the command line and the environment tell the scheduler. */
export function schedulerConfig(
  args: ServerArgs,
  env: HostEnv,
  { limits, speculation }: SchedulerSetting,
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
    maxLorasPerBatch: args.maxLorasPerBatch,
    maxQueuedRequests: args.maxQueuedRequests,
    decodeLogInterval: args.decodeLogInterval,
    disableRadixCache: args.disableRadixCache,
    deterministic: args.enableDeterministicInference,
    speculation,
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

/**
 * What the recorder is to record, or null without `--expert-distribution-recorder-mode`.
 * @throws StartupError for a model without experts
 */
export function expertRecording(args: ServerArgs, spec: ModelSpec): ExpertRecording | null {
  const mode = args.expertDistributionRecorderMode;
  const bufferSize = args.expertDistributionRecorderBufferSize;
  if (mode === null) return null;
  if (spec.moe === null) {
    throw new StartupError(
      'ExpertLocationMetadata is required for expert distribution recording: ' +
        `${spec.architecture} has no experts. Leave --expert-distribution-recorder-mode out.`,
    );
  }
  if (bufferSize === 0) {
    throw new StartupError('--expert-distribution-recorder-buffer-size must be at least 1, or -1.');
  }
  const { layers, numExperts, topK } = spec.moe;
  return { mode, bufferSize, numLayers: spec.numLayers, layers, numExperts, topK };
}

export interface DeviceRoom {
  readonly limits: DeviceLimits;
  /** Drafts for the model; null = none. */
  readonly draft?: SharedStart['model'] | null;
  readonly numCores: number;
  /** One a rank, or none. */
  readonly gpus?: readonly RankGpu[];
}

/** What every device starts with. */
export function deviceStart(
  { numThreads, dpSize, enableDeterministicInference }: ServerArgs,
  model: SharedStart['model'],
  { limits, numCores, gpus = [], draft = null }: DeviceRoom,
): SharedStart {
  const share = Math.max(1, Math.floor(numCores / dpSize));
  return {
    model: sentOf(model),
    draft: draft && sentOf(draft),
    limits,
    cards: gpus.map(({ index }) => index),
    isDeterministic: enableDeterministicInference,
    // Threads that spin take the cores from the other devices.
    ort: { numThreads: numThreads ?? share, spinning: dpSize === 1 },
  };
}

/** No more of it than crosses threads. */
function sentOf({ spec, graph, weightsFolder, target, isBatchInvariant }: SharedStart['model']) {
  return { spec, graph, weightsFolder, target, isBatchInvariant };
}

/** What one request may take of a device, as the front end shows it. */
export function servingLimits(limits: DeviceLimits): ServingLimits {
  const { numPages, pageSizeTokens, slotLength, numSlots } = limits;
  return { maxTotalTokens: numPages * pageSizeTokens, slotLength, maxRunningRequests: numSlots };
}
