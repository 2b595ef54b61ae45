import { boundsOf } from './bounds.js';
import { tmpdir } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { createApp } from '../api/app.js';
import { createGate } from '../api/front-gate.js';
import type { HostEnv } from '../config/load.js';
import type { ServerArgs } from '../config/server-args.js';
import { CpuPool, quantizeOn } from '../cpu/pool.js';
import { requireRuntimeMemory } from '../device/limits.js';
import { startDevice } from '../device/pool.js';
import { Engine } from '../engine/engine.js';
import { DeviceFleet } from '../fleet/device-fleet.js';
import { loadModel } from '../fleet/load-model.js';
import { TemporaryFolders } from '../fleet/temporary-folders.js';
import type { Logger } from '../observability/logger.js';
import { startActorThreads, type ActorThreads } from './actor-threads.js';
import { Breakage } from './breakage.js';
import {
  deviceStart,
  expertRecording,
  memoryPlan,
  schedulerConfig,
  servingLimits,
  thisMachine,
} from './configurations.js';
import { deviceControls } from './device-controls.js';
import { exposure } from './exposure.js';
import { checkFileLimit, FileGuard, fileLimit, numOpenFiles } from './file-limit.js';
import { assertPortFree } from './port-check.js';
import { chooseEngine } from '../http/engine.js';
import type { Gate } from '../http/gate.js';
import type { TlsNeeds } from '../http/server.js';
import { tlsWarnings, type Tls } from '../http/tls.js';
import { LoadingProgress } from './loading-progress.js';
import { grammarThread } from './grammars.js';
import { RunningServer } from './running-server.js';
import { tlsNeeds } from './tls.js';
import { TlsRefresh } from './tls-refresh.js';
import { warmUp, warmUpTarget } from './warm-up.js';
import { Watchdog } from './watchdog.js';
import { watchDevice, watchDevices } from './watch-devices.js';

export interface LaunchOptions {
  readonly args: ServerArgs;
  readonly env: HostEnv;
  readonly version: string;
  readonly log: Logger;
}

/**
 * Threads and their connections, in the order in which they can exist: model, actors, devices, front end.
 * What can be wrong before the model is loaded is checked before it is loaded.
 *
 * @throws StartupError with one sentence
 */
export async function launch({ args, env, version, log }: LaunchOptions): Promise<RunningServer> {
  const files = fileLimit();
  checkFileLimit(files);
  const exposed = exposure(args);
  if (exposed !== null) log.warn(exposed);
  const progress = new LoadingProgress();
  const { gate, port } = await openPort(args, progress, log);
  const machine = thisMachine();
  requireRuntimeMemory(machine.memoryBytes, args.dpSize);

  const cpuPool = new CpuPool({ numThreads: machine.numCores });
  const temporary = new TemporaryFolders(tmpdir());
  process.once('exit', () => {
    temporary.removeAllNow();
  });
  const loading = { args, env, log, runJob: quantizeOn(cpuPool), temporary };
  const { prepared, served } = await loadModel({ ...loading, log: progress.watch(log) });
  progress.haveWeights();
  const { limits, account } = memoryPlan(args, prepared.spec, machine);
  for (const line of account) log.info(line);

  const actors = startActorThreads(
    schedulerConfig(args, env, limits),
    expertRecording(args, prepared.spec),
  );
  const engine = startEngine(actors, log);
  const breakage = new Breakage(engine);
  breakage.watch(actors.broken);
  const watchdog = new Watchdog({
    timeoutMs: 1000 * args.watchdogTimeout,
    onDead: (reason) => {
      breakage.report(reason);
    },
  });
  watchdog.watch({ name: 'the scheduler', heart: actors.hearts.scheduler, isPrompt: true });
  watchdog.watch({ name: 'the cache actor', heart: actors.hearts.cache, isPrompt: true });

  const grammars = grammarThread(args, served, { numSlots: limits.numSlots, log });
  const fleet = new DeviceFleet({
    startDevice: (start) => {
      const handle = watchDevice(startDevice(start), watchdog);
      return grammars?.attach(handle) ?? handle;
    },
    clock,
    scheduler: actors.scheduler,
    numDevices: args.dpSize,
    start: deviceStart(args, prepared, { limits, numCores: machine.numCores }),
  });
  watchDevices(fleet, log, breakage);
  await Promise.race([fleet.start(), actors.broken]);

  const app = await createApp({
    args,
    version,
    gate,
    expertRecorderDir: env.expertRecorderDir,
    healthCheckTimeoutMs: env.healthCheckTimeoutMs,
    profilerDir: env.profilerDir,
    predictRoute: env.predictRoute,
    hidesOpenApi: env.hidesOpenApi,
    ollamaRootRoute: env.ollamaRootRoute,
    engine,
    grammars,
    model: served,
    limits: servingLimits(limits),
    bounds: boundsOf({
      args,
      limits: servingLimits(limits),
      contextLength: served.spec.contextLength,
      maxFiles: files,
    }),
    readTrees: actors.readTrees,
    ...deviceControls({ loading, prepared, served, fleet, engine, actors }),
    isHealthy: () => watchdog.isHealthy,
    log,
  });
  if (files !== null)
    new FileGuard({ limit: files, numOpen: numOpenFiles, server: gate, log }).start();
  const target = warmUpTarget(args, port, served);
  const firstRequest = args.skipServerWarmup ? null : () => warmUp(target);
  return new RunningServer({
    app,
    fleet,
    grammars,
    actors,
    cpuPool,
    firstRequest,
    broken: breakage.reason,
    watchdog,
    log,
  });
}

/** From here on whoever asks is told how far the model is. @throws StartupError */
async function openPort(
  args: ServerArgs,
  progress: LoadingProgress,
  log: Logger,
): Promise<{ readonly gate: Gate; readonly port: number }> {
  const needs = tlsNeeds(args);
  await assertPortFree(args.host, args.port);
  const { engine, why } = await chooseEngine(args.httpServer, needs);
  const gate = createGate(args, {
    engine,
    progress: () => progress.fraction,
    log,
    tls: needs?.tls,
  });
  const port = await gate.listen(args.host, args.port);
  const scheme = needs === null ? 'http' : 'https';
  log.info(`Listening on ${scheme}://${args.host}:${port} by ${engine.title}: ${why}`);
  if (needs !== null) beginTls(needs, gate, log);
  return { gate, port };
}

function beginTls({ tls, isRenewed }: TlsNeeds, gate: Gate, log: Logger): void {
  const { files } = tls;
  log.info(`SSL enabled: certfile=${files.certFile}, keyfile=${files.keyFile}`);
  for (const warning of tlsWarnings(tls, Date.now())) log.warn(warning);
  if (files.caFile !== null) log.warn(NO_CLIENT_CERTIFICATES);
  const renew = (renewed: Tls): void => {
    gate.renewTls(renewed);
  };
  if (isRenewed) new TlsRefresh({ files, renew, log }).start();
}

const NO_CLIENT_CERTIFICATES =
  "--ssl-ca-certs completes the certificate's chain: as in SGLang, no client is asked for a certificate. Use --api-key.";

const clock = { nowMs: () => performance.now(), wait };

function startEngine(actors: ActorThreads, log: Logger): Engine {
  return new Engine({
    scheduler: actors.scheduler,
    clock,
    onLog: (level, message) => {
      log.log(level, message);
    },
  });
}
