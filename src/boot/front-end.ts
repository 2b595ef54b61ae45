import { createApp, type App, type AppDeps } from '../api/app.js';
import type { HostEnv } from '../config/load.js';
import type { ResolvedArgs } from '../config/server-args.js';
import type { Engine } from '../engine/engine.js';
import type { ServedModel } from '../engine/served-model.js';
import type { DeviceFleet } from '../fleet/device-fleet.js';
import { likeServed, type LoadContext } from '../fleet/load-context.js';
import type { DeviceLimits } from '../messages.js';
import type { PreparedModel } from '../model/graph/contract.js';
import type { PreparedCheckpoint } from '../model/prepare-model.js';
import type { Logger } from '../observability/logger.js';
import type { ActorThreads } from './actor-threads.js';
import { boundsOf } from './bounds.js';
import { servingLimits } from './configurations.js';
import { deviceControls } from './device-controls.js';
import { fileLimit } from './file-limit.js';
import type { GrammarThread } from './grammar-thread.js';
import type { startAdapters } from './lora.js';
import type { Watchdog } from './watchdog.js';

/** All that the routes ask, and those who answer. */
export interface FrontEndParts {
  readonly args: ResolvedArgs;
  readonly env: HostEnv;
  readonly version: string;
  readonly log: Logger;
  readonly onFailed: AppDeps['onFailed'];
  /** How the model was loaded. */
  readonly loading: LoadContext;
  readonly prepared: PreparedCheckpoint;
  /** Drafts for the model; null = none. */
  readonly draft: PreparedModel | null;
  readonly served: ServedModel;
  readonly limits: DeviceLimits;
  /** Of the devices' own memory; null = they use the machine's. */
  readonly freeBytes: number | null;
  readonly actors: ActorThreads;
  readonly engine: Engine;
  readonly fleet: DeviceFleet;
  readonly grammars: GrammarThread | null;
  readonly loras: Awaited<ReturnType<typeof startAdapters>>;
  readonly watchdog: Pick<Watchdog, 'isHealthy'>;
}

/** The routes over a model that is loaded: a file of its own, so that they are read while the devices load. */
export function createFrontEnd(parts: FrontEndParts): Promise<App> {
  const { args, env, version, log, onFailed, served, limits, loras } = parts;
  const serving = servingLimits(limits);
  return createApp({
    args,
    version,
    expertRecorderDir: env.expertRecorderDir,
    healthCheckTimeoutMs: env.healthCheckTimeoutMs,
    profilerDir: env.profilerDir,
    predictRoute: env.predictRoute,
    hidesOpenApi: env.hidesOpenApi,
    ollamaRootRoute: env.ollamaRootRoute,
    engine: parts.engine,
    grammars: parts.grammars,
    adapters: loras?.adapters ?? null,
    model: served,
    limits: serving,
    bounds: boundsOf({
      args,
      limits: serving,
      contextLength: served.spec.contextLength,
      numStatePlaces: limits.states?.numPlaces ?? 0,
      maxFiles: fileLimit(),
    }),
    cache: parts.actors.cache,
    readFacts: () => parts.fleet.facts,
    ...deviceControls({
      ...parts,
      loading: likeServed(parts.loading, parts.prepared),
      adapters: loras?.control ?? null,
    }),
    isHealthy: () => parts.watchdog.isHealthy,
    log,
    onFailed,
  });
}
