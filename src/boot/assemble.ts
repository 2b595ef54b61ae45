import { setTimeout as wait } from 'node:timers/promises';
import type { App, AppDeps } from '../api/app.js';
import type { HostEnv } from '../config/load.js';
import type { ServerArgs } from '../config/server-args.js';
import { StartupError } from '../core/errors.js';
import { CpuPool, quantizeOn } from '../cpu/pool.js';
import { deviceBytes, requireRuntimeMemory } from '../device/limits.js';
import type { WatchedHandle } from '../device/handle.js';
import { dropSpareThread, type DeviceStart } from '../device/pool.js';
import { Engine } from '../engine/engine.js';
import type { ServedModel } from '../engine/served-model.js';
import { DeviceFleet } from '../fleet/device-fleet.js';
import type { LoadContext } from '../fleet/load-context.js';
import { loadDraft } from '../fleet/load-draft.js';
import { findAdapter } from '../fleet/find-folder.js';
import { loadModel } from '../fleet/load-model.js';
import { sentenceOf } from '../fleet/update-failure.js';
import { PROVEN, UnsoundWeights } from '../model/quantize/kept-weights.js';
import type { Logger } from '../observability/logger.js';
import { startActorThreads, type ActorThreads } from './actor-threads.js';
import { Breakage } from './breakage.js';
import { chooseDevices } from './choose-devices.js';
import {
  deviceStart,
  expertRecording,
  memoryPlan,
  schedulerConfig,
  thisMachine,
} from './configurations.js';
import { requireDeterminism } from './require-determinism.js';
import { deviceStarter } from './start-device.js';
import { grammarThread } from './grammars.js';
import { LORA_COPIES, loraBudget, loraSettings, startAdapters } from './lora.js';
import type { LoadingProgress } from './loading-progress.js';
import { checkDeviceArgs, resolveDeviceArgs } from './resolve-device-args.js';
import { Teardown } from './teardown.js';
import { temporaryFolders } from './temporary.js';
import { Watchdog } from './watchdog.js';
import { watchDevice, watchDevices } from './watch-devices.js';
import { checkRecurrentState } from './recurrent-state.js';
import { shownPrice } from './draft-price.js';
import {
  checkDraftContext,
  checkSpeculation,
  draftPathOf,
  draftPriceOf,
  speculationOf,
} from './speculation.js';

export interface AssembleOptions {
  readonly args: ServerArgs;
  readonly env: HostEnv;
  readonly version: string;
  readonly log: Logger;
  /** Default: a thread of this process. */
  readonly startDevice?: (start: DeviceStart) => WatchedHandle;
  /** Told how far the model is. */
  readonly progress: LoadingProgress;
  /** Told of every request that is refused or fails. */
  readonly onFailed: AppDeps['onFailed'];
}

/** A model with all that answers for it, which nobody outside this process can reach yet. */
export interface Assembly {
  readonly app: App;
  readonly served: ServedModel;
  /** Resolves with the reason when nothing can be answered any more. */
  readonly broken: Promise<string>;
  readonly watchdog: Pick<Watchdog, 'hasNativeHang'>;
  /** Devices from inside, then the threads without native code. What runs must have ended before. */
  end(): Promise<void>;
}

/**
 * Threads and their connections, in the order in which they can exist: model, actors, devices, front end. Weights of
 * the cache are checked while the devices load them; those that are damaged are thrown away with all that has them, and
 * the next ones are checked first.
 *
 * @throws StartupError with one sentence; then nothing of it is left
 */
export async function assemble(options: AssembleOptions): Promise<Assembly> {
  try {
    return await tryAssemble(options, true);
  } catch (error) {
    if (!(error instanceof UnsoundWeights)) throw error;
    return await tryAssemble(options, false);
  }
}

async function tryAssemble(options: AssembleOptions, provesLate: boolean): Promise<Assembly> {
  const teardown = new Teardown();
  try {
    return await build({ ...options, provesLate }, teardown);
  } catch (error) {
    await teardown.run().catch(() => undefined);
    throw error;
  }
}

interface BuildOptions extends AssembleOptions {
  /** Weights of the cache are loaded before all of them is checked. */
  readonly provesLate: boolean;
}

async function build(
  { args: given, env, version, log, startDevice, progress, onFailed, provesLate }: BuildOptions,
  teardown: Teardown,
): Promise<Assembly> {
  teardown.add(dropSpareThread);
  const machine = thisMachine();
  requireRuntimeMemory(machine.memoryBytes, given.dpSize);
  const devices = await chooseDevices(given, env.drivers);
  checkDeviceArgs(given, devices.kind);
  const speculation = checkSpeculation(given, devices.kind);
  if (speculation !== null) log.info(speculation);
  for (const warning of devices.warnings) log.warn(warning);
  if (devices.why !== null) log.info(devices.why);

  const cpuPool = new CpuPool({ numThreads: machine.numCores });
  teardown.add(() => cpuPool.close());
  const temporary = await temporaryFolders(teardown);
  const { dtype, kvCacheDtype } = given;
  const context: LoadContext = {
    args: given,
    env,
    log,
    runJob: quantizeOn(cpuPool),
    calibrate: (model, prompts) => cpuPool.calibrate(model, prompts),
    roundLayer: (task) => cpuPool.roundLayer(task),
    // Who compares answers wants the weights of every machine.
    ...(!given.enableDeterministicInference && { productSums: () => cpuPool.productSums() }),
    memoryBytes: deviceBytes(machine.memoryBytes, given.dpSize),
    temporary,
    provesLate,
    device: { device: devices.kind, dtype, kvCacheDtype },
    tokenizerFolder: null,
  };
  const findLora = (path: string): Promise<string> => findAdapter(context, path);
  const lora = await loraSettings(given, findLora);
  const loading: LoadContext = { ...context, lora: lora && lora.targets };
  const loaded = await loadModel({ ...loading, log: progress.watch(log) });
  const { prepared, serve } = loaded;
  const draftPath = draftPathOf(given);
  const draft = draftPath === null ? null : await loadDraft(loading, draftPath, loaded);
  progress.haveWeights();
  const args = resolveDeviceArgs(given, devices.kind, prepared.spec.headDim);
  const models = { spec: prepared.spec, draft: draft && draft.spec };
  checkRecurrentState(args, models);
  const room = deviceBytes(machine.memoryBytes, args.dpSize);
  const maxBytes = lora === null ? 0 : loraBudget(lora, prepared.spec, room);
  const { limits, account, freeBytes } = memoryPlan(args, models, machine, {
    gpus: devices.gpus,
    loraBytes: LORA_COPIES * maxBytes,
  });
  checkDraftContext(draft && draft.spec, limits);
  for (const line of account) log.info(line);
  const price = draftPriceOf(args, models, limits);
  if (price !== null) log.info(shownPrice(price, prepared.spec));

  const actors = startActorThreads(
    schedulerConfig(args, env, { limits, speculation: speculationOf(args, prepared.spec, price) }),
    expertRecording(args, prepared.spec),
  );
  teardown.add(() => actors.stop());
  const engine = startEngine(actors, log);
  const breakage = new Breakage(engine);
  breakage.watch(actors.broken);
  const watchdog = new Watchdog({
    timeoutMs: 1000 * args.watchdogTimeout,
    onDead: (reason) => {
      breakage.report(reason);
    },
  });
  teardown.add(() => {
    watchdog.stop();
  });
  watchdog.watch({ name: 'the scheduler', heart: actors.hearts.scheduler, isPrompt: true });
  watchdog.watch({ name: 'the cache actor', heart: actors.hearts.cache, isPrompt: true });

  const { spec } = prepared;
  const grammars = grammarThread(args, { spec, serve, numSlots: limits.numSlots, log });
  teardown.add(() => grammars?.stop());
  const start = startDevice ?? deviceStarter(devices);
  const fleet = new DeviceFleet({
    startDevice: (next) => {
      const handle = watchDevice(start(next), watchdog);
      return grammars?.attach(handle) ?? handle;
    },
    clock,
    scheduler: actors.scheduler,
    numDevices: args.dpSize,
    start: deviceStart(args, prepared, {
      limits,
      draft,
      numCores: machine.numCores,
      gpus: devices.gpus,
    }),
  });
  watchDevices(fleet, log, breakage);
  teardown.add(() => fleet.retire());
  const started = Promise.race([startFleet(fleet), actors.broken]);
  started.catch(() => undefined);
  // The rest is made ready while the devices load.
  const { createFrontEnd } = await import('./front-end.js');
  const served = await serve();
  await provenBy([prepared.proof, draft?.proof ?? PROVEN], started);
  requireDeterminism(args, fleet.facts);
  const loras = await startAdapters(lora, {
    ...{ fleet, recipe: prepared.lora, cpuPool, maxBytes, temporary, log },
    findFolder: findLora,
  });
  const app = await createFrontEnd({
    ...{ args, env, version, log, onFailed },
    ...{ loading, prepared, draft, served, limits, freeBytes },
    ...{ actors, engine, fleet, grammars, loras, watchdog },
  });
  return {
    app,
    served,
    broken: breakage.reason,
    watchdog,
    end: () => teardown.run(),
  };
}

/** What devices make of weights that are damaged says nothing: the proofs come first. */
async function provenBy(
  proofs: readonly Promise<void>[],
  serving: Promise<unknown>,
): Promise<void> {
  await Promise.all(proofs);
  await serving;
}

/** A device that cannot load or fails its probe has its reason in its message. @throws StartupError */
async function startFleet(fleet: DeviceFleet): Promise<void> {
  try {
    await fleet.start();
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(`The model cannot be run: ${sentenceOf(error)}.`, { cause: error });
  }
}

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
