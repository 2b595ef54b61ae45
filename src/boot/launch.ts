import { availableParallelism, totalmem } from 'node:os';
import { startActorThreads, type ActorThreads } from './actor-threads.js';
import type { HostEnv } from '../config/load.js';
import type { ServerArgs } from '../config/server-args.js';
import { CpuPool } from '../cpu/pool.js';
import { DeviceFleet } from '../fleet/device-fleet.js';
import { expertRecording } from './expert-recording-args.js';
import { planMemory, type MemoryPlan } from '../device/limits.js';
import { Exclusive } from '../fleet/exclusive.js';
import { loadModel, type LoadContext, type LoadedModel } from '../fleet/load-model.js';
import { MemoryOccupation } from '../fleet/memory-occupation.js';
import type { DeviceLimits } from '../messages.js';
import type { Logger } from '../observability/logger.js';
import { assertPortFree } from './port-check.js';
import { schedulerConfig } from './scheduler-args.js';
import { createApp, type App } from '../api/app.js';
import { TemporaryFolders } from '../fleet/temporary-folders.js';
import { Engine } from '../engine/engine.js';
import { warmUp } from './warm-up.js';
import { WeightUpdater } from '../fleet/weight-updater.js';

const READY_LINE = 'The server is fired up and ready to roll!';

export interface LaunchOptions {
  readonly args: ServerArgs;
  readonly env: HostEnv;
  readonly version: string;
  readonly log: Logger;
}

export interface RunningServer {
  readonly port: number;
  /** One request through all of it, then the line that says so. @throws StartupError */
  warmUp(): Promise<void>;
  /** Resolves with the reason when the server cannot go on. */
  readonly broken: Promise<string>;
  /** New work gets a 503, running requests finish, threads end from inside. */
  drain(): Promise<void>;
}

/**
 * Threads and their connections, in the order in which they can exist: model, actors, devices, front end.
 * What can be wrong before the model is loaded is checked before it is loaded.
 *
 * @throws StartupError with one sentence
 */
export async function launch(options: LaunchOptions): Promise<RunningServer> {
  const { args, log } = options;
  await assertPortFree(args.host, args.port);
  const cpuPool = new CpuPool({ numThreads: availableParallelism() });
  const context = { ...options, cpuPool, temporary: new TemporaryFolders() };
  const model = await loadModel(context);
  const memory = planDeviceMemory(args, model);
  for (const line of memory.account) log.info(line);
  const actors = startActorThreads(
    schedulerConfig(args, options.env, memory.limits),
    expertRecording(args, model.prepared.spec),
  );
  const engine = new Engine({
    scheduler: actors.scheduler,
    clock: performanceClock,
    onLog: (level, message) => {
      log.log(level, message);
    },
  });
  const broken = new Breakage(actors, engine);
  const fleet = createFleet(options, { model, memory, actors });
  observeFleet(fleet, log, broken);
  await Promise.race([fleet.start(), actors.broken]);
  const app = await createApp({
    args,
    version: options.version,
    expertRecorderDir: options.env.expertRecorderDir,
    healthCheckTimeoutMs: options.env.healthCheckTimeoutMs,
    profilerDir: options.env.profilerDir,
    engine,
    model: model.served,
    limits: servingLimits(memory.limits),
    readTrees: actors.readTrees,
    ...deviceChanges(context, { model, fleet, engine }),
    deviceControl: { failDevice: (rank, how) => fleet.injectFault(rank, how) },
    tokenizeLong: model.tokenizeLong,
    log,
  });
  const port = await app.listen();
  log.info(`Listening on http://${args.host}:${port}`);
  let draining = false;
  return {
    port,
    warmUp: async () => {
      if (!args.skipServerWarmup) {
        // A server that is told to stop meanwhile may refuse the request.
        await warmUp(warmUpTarget(args, port, model)).catch((error: unknown) => {
          if (!draining) throw error;
        });
      }
      if (!draining) log.info(READY_LINE);
    },
    broken: broken.reason,
    drain: () => {
      draining = true;
      return drain({ app, fleet, actors, cpuPool });
    },
  };
}

interface ChangedParts {
  readonly model: LoadedModel;
  readonly fleet: DeviceFleet;
  readonly engine: Engine;
}

/** What changes the devices of a running server, one at a time. */
function deviceChanges(context: LoadContext, { model, fleet, engine }: ChangedParts) {
  const { log } = context;
  const changes = new Exclusive();
  const { prepared: running, served } = model;
  return {
    memoryControl: new MemoryOccupation({ fleet, engine, log, changes }),
    weightControl: new WeightUpdater({
      ...{ context, fleet, engine, changes, running },
      served: served.weights,
    }),
  };
}

const performanceClock = { nowMs: () => performance.now() };

/** The first thing that leaves the server unable to serve. Every request fails with it. */
class Breakage {
  readonly reason: Promise<string>;
  private settle: (reason: string) => void = () => undefined;

  constructor(
    actors: ActorThreads,
    private readonly engine: Engine,
  ) {
    this.reason = new Promise((resolve) => {
      this.settle = resolve;
    });
    actors.broken.catch((error: unknown) => {
      this.report(error instanceof Error ? error.message : String(error));
    });
  }

  report(reason: string): void {
    this.engine.fail({ code: 'NO_DEVICE', message: `The server cannot go on: ${reason}.` });
    this.settle(reason);
  }
}

function planDeviceMemory(args: ServerArgs, model: LoadedModel): MemoryPlan {
  return planMemory({
    spec: model.prepared.spec,
    memoryBytes: usableMemoryBytes(),
    numDevices: args.dpSize,
    memFraction: args.memFractionStatic,
    maxRunningRequests: args.maxRunningRequests,
    maxTotalTokens: args.maxTotalTokens,
    pageSizeTokens: args.pageSize,
  });
}

/** RAM, or the container's limit where there is one (`constrainedMemory` is 0 or huge without). */
function usableMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

interface FleetParts {
  readonly model: LoadedModel;
  readonly memory: MemoryPlan;
  readonly actors: ActorThreads;
}

function createFleet({ args }: LaunchOptions, parts: FleetParts): DeviceFleet {
  const share = Math.floor(availableParallelism() / args.dpSize);
  const { spec, graph, weightsFolder } = parts.model.prepared;
  return new DeviceFleet({
    numDevices: args.dpSize,
    start: {
      model: { spec, graph, weightsFolder },
      limits: parts.memory.limits,
      // Threads that spin take the cores from the other devices.
      ort: { numThreads: args.numThreads ?? Math.max(1, share), spinning: args.dpSize === 1 },
    },
    scheduler: parts.actors.scheduler,
  });
}

function observeFleet(fleet: DeviceFleet, log: Logger, broken: Breakage): void {
  fleet.events.on('died', ({ rank, generation }, message) => {
    log.error(`Device ${rank} (generation ${generation}) died: ${message}`);
  });
  fleet.events.on('replaced', ({ rank, generation }) => {
    log.info(`Device ${rank} is back (generation ${generation})`);
  });
  fleet.events.on('gaveUp', (rank, deaths) => {
    log.error(`Device ${rank} died ${deaths} times in a row: it stays down.`);
  });
  fleet.events.on('allDown', (message) => {
    broken.report(message);
  });
}

function servingLimits({ numPages, pageSizeTokens, slotLength, numSlots }: DeviceLimits) {
  return { maxTotalTokens: numPages * pageSizeTokens, slotLength, maxRunningRequests: numSlots };
}

function warmUpTarget(args: ServerArgs, port: number, model: LoadedModel) {
  const host = args.host === '0.0.0.0' ? '127.0.0.1' : args.host === '::' ? '[::1]' : args.host;
  return {
    url: `http://${host}:${port}`,
    apiKey: args.apiKey,
    hasTokenizer: model.served.tokenizer !== null,
    isGeneration: model.prepared.spec.embedding === null,
  };
}

interface Parts {
  readonly app: App;
  readonly fleet: DeviceFleet;
  readonly actors: ActorThreads;
  readonly cpuPool: CpuPool;
}

/** Requests first, then devices (each ends from inside), then the threads without native code. */
async function drain({ app, fleet, actors, cpuPool }: Parts): Promise<void> {
  await app.beginDrain();
  app.close();
  await fleet.retire();
  await Promise.all([actors.stop(), cpuPool.close()]);
}
