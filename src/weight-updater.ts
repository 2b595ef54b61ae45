import type { Logger } from './observability/logger.js';
import { runCanary } from './canary.js';
import type { ModelSpec } from './core/model-spec.js';
import type { DeviceFleet, NextDevices } from './device-fleet.js';
import { findFolder, prepareFolder, type LoadContext } from './load-model.js';
import { ModelLoadError } from './model/load-error.js';
import { LOAD_FORMATS, type PreparedCheckpoint } from './model/prepare-model.js';
import { readTensor } from './model/read-tensor.js';
import { openCheckpoint } from './model/safetensors.js';
import { shapeMismatch } from './model/same-shapes.js';
import type { WeightControl, WeightOutcome, WeightUpdate } from './server/admin/weight-control.js';
import type { Engine } from './server/engine.js';
import type { ServedWeights } from './server/served-weights.js';

const BUSY = 'Another update is in progress. Please try again later.';
const DONE = 'Succeeded to update model weights.';
/** Why a name gives no folder, beside faults of the network. */
const NOT_FOUND = new Set(['folder_not_found', 'repo_not_found', 'offline']);

export interface WeightUpdaterDeps {
  readonly context: LoadContext;
  readonly fleet: DeviceFleet;
  readonly engine: Engine;
  readonly weights: ServedWeights;
  readonly running: PreparedCheckpoint;
}

/** An update that cannot be; the old weights serve on. The message is what the client reads. */
class UpdateFailure extends Error {
  override readonly name = 'UpdateFailure';
}

/**
 * Replaces the weights of a running server (architecture.md rule 3). The new checkpoint is checked and
 * loaded on new devices beside the old ones, answers a first request there, and takes over between two steps.
 * Whatever fails before that leaves the old weights serving.
 */
export class WeightUpdater implements WeightControl {
  private isBusy = false;
  private running: PreparedCheckpoint;
  /** Settles when the devices of the weights before these are gone. */
  private oldGone: Promise<void> = Promise.resolve();

  constructor(private readonly deps: WeightUpdaterDeps) {
    this.running = deps.running;
  }

  async update(request: WeightUpdate): Promise<WeightOutcome> {
    if (this.isBusy) return { success: false, message: BUSY };
    this.isBusy = true;
    const { log, args } = this.deps.context;
    log.info(`Update weights begin. model_path=${request.modelPath}`);
    try {
      await this.replace(request);
      log.info(`Update weights end. ${DONE}`);
      return { success: true, message: perRank(doneMessage(request), args.dpSize) };
    } catch (error) {
      if (!(error instanceof UpdateFailure)) throw error;
      log.error(error.message);
      return { success: false, message: perRank(error.message, args.dpSize) };
    } finally {
      this.isBusy = false;
    }
  }

  read(name: string, maxRows: number): Promise<unknown> {
    return readTensor(this.running.info.folder, name, maxRows);
  }

  private async replace(request: WeightUpdate): Promise<void> {
    const { engine, fleet, weights } = this.deps;
    const context = contextFor(this.deps.context, request.loadFormat);
    const folder = await find(context, request.modelPath);
    const prepared = await this.prepare(context, folder);
    // At most two sets of weights at a time.
    await this.oldGone;
    const next = await this.build(prepared, context.log);
    if (request.abortAllRequests) engine.abortByRid('', true);
    this.oldGone = fleet.switchTo(next);
    weights.replace(request.modelPath, request.weightVersion ?? weights.version);
    this.running = prepared;
  }

  private async prepare(context: LoadContext, folder: string): Promise<PreparedCheckpoint> {
    try {
      await this.checkShapes(context, folder);
      const prepared = await prepareFolder(context, folder);
      checkSpec(this.running.spec, prepared.spec);
      return prepared;
    } catch (error) {
      throw rolledBack(error);
    }
  }

  /** Dummy weights are made to measure. */
  private async checkShapes({ args }: LoadContext, folder: string): Promise<void> {
    if (args.loadFormat === 'dummy') return;
    const next = await openCheckpoint(folder);
    const running = await openCheckpoint(this.running.info.folder).catch(() => null);
    const mismatch = running === null ? null : shapeMismatch(running, next);
    if (mismatch !== null) throw new Error(mismatch);
  }

  private async build(prepared: PreparedCheckpoint, log: Logger): Promise<NextDevices> {
    const { fleet } = this.deps;
    const { spec, graph, weightsFolder } = prepared;
    try {
      checkMemory(spec, this.deps.context.args.dpSize);
      const next = await fleet.buildNext({ spec, graph, weightsFolder }, ({ port }) =>
        runCanary(port, spec),
      );
      log.info(`The new weights answered a first request on ${next.handles.length} device(s).`);
      return next;
    } catch (error) {
      throw rolledBack(error);
    }
  }
}

function contextFor(context: LoadContext, asked: string | null): LoadContext {
  const loadFormat = LOAD_FORMATS.find((known) => known === (asked ?? context.args.loadFormat));
  if (loadFormat === undefined) {
    throw new UpdateFailure(`Failed to get model loader: ${String(asked)}.`);
  }
  // `--revision` named a commit of the model at launch.
  return { ...context, args: { ...context.args, loadFormat, revision: null } };
}

async function find(context: LoadContext, modelPath: string): Promise<string> {
  try {
    return await findFolder(context, modelPath);
  } catch (error) {
    const isMissing = error instanceof ModelLoadError && NOT_FOUND.has(error.code);
    const why = isMissing ? `${modelPath} (repository not found)` : sentenceOf(error);
    throw new UpdateFailure(`Failed to get weights iterator: ${why}.`, { cause: error });
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

/** Old and new weights are in memory together until the old ones retire. */
function checkMemory({ weightBytes }: ModelSpec, numDevices: number): void {
  const needed = weightBytes * numDevices;
  const available = process.availableMemory();
  if (needed < available) return;
  throw new Error(
    `the new weights take ${inMiB(needed)} beside the running ones, and ${inMiB(available)} are free`,
  );
}

function doneMessage({ weightVersion }: WeightUpdate): string {
  return weightVersion === null ? DONE : `${DONE} Weight version updated to ${weightVersion}.`;
}

/** SGLang asks every rank and joins what they say. */
function perRank(message: string, numDevices: number): string {
  return new Array<string>(numDevices).fill(message).join(' | ');
}

function rolledBack(error: unknown): UpdateFailure {
  const message = `Failed to update weights: ${sentenceOf(error)}.\nRolling back to original weights.`;
  return new UpdateFailure(message, { cause: error });
}

/** Without the full stop, which the message around it brings. */
function sentenceOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}

function inMiB(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
