import type { MessagePort } from 'node:worker_threads';
import type { WeightControl, WeightOutcome, WeightUpdate } from '../engine/control.js';
import type { ModelSpec } from '../core/model-spec.js';
import { shownMiB } from '../core/shown-size.js';
import type { DeviceLimits } from '../messages.js';
import type { DeviceHandle } from '../device/handle.js';
import type { DeviceFleet, NextDevices } from './device-fleet.js';
import type { FleetAdapters } from './fleet-adapters.js';
import type { Exclusive } from './exclusive.js';
import type { LoadContext } from './load-context.js';
import type { PreparedCheckpoint } from '../model/prepare-model.js';
import { readTensor } from '../model/weights/read-tensor.js';
import { rolledBack, sentenceOf, UpdateFailure } from './update-failure.js';
import type { Engine } from '../engine/engine.js';
import type { ServedWeights } from '../engine/served-weights.js';
import { discardWeights, prepareWeights, type Weights } from './weights.js';

const BUSY = 'Another update is in progress. Please try again later.';
const DONE = { disk: 'Succeeded to update model weights.', tensors: 'Success' };

export interface WeightUpdaterDeps {
  readonly context: LoadContext;
  readonly fleet: Pick<DeviceFleet, 'isAsleep' | 'buildNext' | 'switchTo' | 'sleep' | 'wake'>;
  readonly engine: Pick<Engine, 'abortScheduled' | 'hold' | 'letIn' | 'isFrozen' | 'numLive'>;
  /** A first small request on a device that nobody else uses yet. Rejects when its model is of no use. */
  readonly prove: (port: MessagePort, spec: ModelSpec, limits: DeviceLimits) => Promise<void>;
  readonly availableBytes: () => number;
  readonly served: ServedWeights;
  readonly running: PreparedCheckpoint;
  /** Of the model that drafts, which each device loads beside the weights. */
  readonly draftBytes: number;
  /** Null = there are none. */
  readonly adapters: Pick<FleetAdapters, 'readAgain' | 'follow'> | null;
  /** What else changes the devices. */
  readonly changes: Exclusive;
}

/**
 * Replaces the weights of a running server. The new ones are checked and loaded on new devices beside the old
 * ones, answer a first request there, and take over between two steps. Whatever fails before that leaves the old weights serving.
 */
export class WeightUpdater implements WeightControl {
  readonly #deps: WeightUpdaterDeps;
  #running: Weights;
  /** Settles when the devices of the weights before these are gone. */
  #oldGone: Promise<void> = Promise.resolve();

  constructor(deps: WeightUpdaterDeps) {
    const { context, running, served } = deps;
    this.#deps = deps;
    this.#running = { context, modelPath: served.modelPath, prepared: running, overlay: null };
  }

  async update(request: WeightUpdate): Promise<WeightOutcome> {
    const outcome = await this.#deps.changes.perform(() => this.#tryReplace(request));
    return outcome ?? { success: false, message: BUSY };
  }

  read(name: string, maxRows: number): unknown {
    return readTensor(this.#running.prepared.checkpoint, name, maxRows);
  }

  async #tryReplace(request: WeightUpdate): Promise<WeightOutcome> {
    const { log, args } = this.#deps.context;
    log.info(`Update weights begin. ${describe(request)}`);
    try {
      await this.#replace(request);
      const message = doneMessage(request);
      log.info(`Update weights end. ${message}`);
      return { success: true, message: perRank(message, args.dpSize) };
    } catch (error) {
      if (!(error instanceof UpdateFailure)) throw error;
      log.error(error.message);
      return { success: false, message: perRank(error.message, args.dpSize) };
    }
  }

  async #replace(request: WeightUpdate): Promise<void> {
    const { engine, fleet, served } = this.#deps;
    if (fleet.isAsleep) throw rolledBack('the weights are released: resume them first');
    const running = this.#running;
    const weights = await prepareWeights(request.source, { running, launch: this.#deps.context });
    const next = await this.#buildOrDiscard(weights, request);
    if (request.abortAllRequests) engine.abortScheduled();
    this.#oldGone = this.#retireOld(running, weights, fleet.switchTo(next));
    this.#deps.adapters?.follow(weights.prepared.lora);
    const version = request.weightVersion ?? served.version;
    served.replace(weights.modelPath, version, weights.prepared.info.kept);
    this.#running = weights;
  }

  async #buildOrDiscard(weights: Weights, request: WeightUpdate): Promise<NextDevices> {
    try {
      checkSpec(this.#running.prepared.spec, weights.prepared.spec);
      // At most two sets of weights at a time.
      await this.#oldGone;
      return await this.#buildWhereItFits(weights, request);
    } catch (error) {
      this.#deps.adapters?.follow(null);
      await discardWeights(weights, this.#running);
      throw rolledBack(error);
    }
  }

  /** Beside the old weights, or, where both do not fit and that was asked for, in their place. */
  async #buildWhereItFits(weights: Weights, request: WeightUpdate): Promise<NextDevices> {
    const { context, draftBytes, availableBytes } = this.#deps;
    const { args } = context;
    const neededBytes = (weights.prepared.spec.weightBytes + draftBytes) * args.dpSize;
    const freeBytes = availableBytes();
    if (neededBytes < freeBytes) return await this.#build(weights);
    if (args.updateInPlace) return await this.#buildInPlace(weights, request);
    throw new Error(
      `the new weights take ${shownMiB(neededBytes)} beside the running ones, and ${shownMiB(freeBytes)} are free`,
    );
  }

  /** Nobody is served until the new devices are there, or the old weights again. */
  async #buildInPlace(weights: Weights, request: WeightUpdate): Promise<NextDevices> {
    const { engine, fleet, context } = this.#deps;
    if (engine.isFrozen && engine.numLive > 0 && !request.abortAllRequests) {
      throw new Error(
        'generation is paused in place, and requests that never end hold the old weights: continue it, or pause it with "abort"',
      );
    }
    context.log.info('The new weights do not fit beside the running ones: requests are drained.');
    engine.hold();
    if (request.abortAllRequests) engine.abortScheduled();
    await fleet.sleep();
    const next = await this.#build(weights).catch((error: unknown) => this.#wakeOld(error));
    engine.letIn();
    return next;
  }

  /** Where even the old weights do not load, the door stays closed: resuming the memory tries them once more. */
  async #wakeOld(reason: unknown): Promise<never> {
    const { engine, fleet } = this.#deps;
    try {
      await fleet.wake();
    } catch (error) {
      throw new Error(
        `${sentenceOf(reason)}, and the old weights could not be loaded again: ${sentenceOf(error)}; ` +
          '/resume_memory_occupation tries them once more',
        { cause: error },
      );
    }
    engine.letIn();
    throw reason;
  }

  async #build({ prepared, context }: Weights): Promise<NextDevices> {
    const { spec, graph, weightsFolder, target, isBatchInvariant, lora } = prepared;
    const { fleet, prove, adapters } = this.#deps;
    const model = { spec, graph, weightsFolder, target, isBatchInvariant };
    const proven = async ({ port, ready }: DeviceHandle): Promise<void> => {
      const { limits } = await ready;
      await prove(port, spec, limits);
    };
    const again = lora === null ? undefined : await adapters?.readAgain(lora);
    const next = await fleet.buildNext(model, proven, again);
    context.log.info(
      `The new weights answered a first request on ${next.handles.length} device(s).`,
    );
    return next;
  }

  /** Never rejects: nobody waits for it but the next update. */
  async #retireOld(old: Weights, next: Weights, gone: Promise<void>): Promise<void> {
    try {
      await gone;
      await discardWeights(old, next);
    } catch (error) {
      this.#deps.context.log.warn(`The files of the old weights are left behind: ${String(error)}`);
    }
  }
}

/** Requests and their limits were made for the running model. */
function checkSpec(running: ModelSpec, next: ModelSpec): void {
  const shapeOf = (spec: ModelSpec): string => JSON.stringify({ ...spec, weightBytes: 0 });
  if (shapeOf(running) === shapeOf(next)) return;
  const keys = Object.keys(running) as (keyof ModelSpec)[];
  const differing = keys.filter(
    (key) => key !== 'weightBytes' && JSON.stringify(running[key]) !== JSON.stringify(next[key]),
  );
  throw new Error(`the new model differs from the running one in ${differing.join(', ')}`);
}

function describe({ source }: WeightUpdate): string {
  if (source.kind === 'disk') return `model_path=${source.modelPath}`;
  const bytes = source.parts.reduce((sum, part) => sum + part.length, 0);
  return `tensors that were sent, ${shownMiB(bytes)}`;
}

function doneMessage({ source, weightVersion }: WeightUpdate): string {
  const done = DONE[source.kind];
  return weightVersion === null ? done : `${done} Weight version updated to ${weightVersion}.`;
}

/** SGLang asks every rank and joins what they say. */
function perRank(message: string, numDevices: number): string {
  return new Array<string>(numDevices).fill(message).join(' | ');
}
