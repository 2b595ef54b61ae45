import type { SentWeights, WeightOrigin, WeightsOnDisk } from '../engine/control.js';
import { openModel } from '../model/open-model.js';
import { ModelLoadError } from '../model/load-error.js';
import { LOAD_FORMATS } from '../model/built-model.js';
import type { PreparedCheckpoint } from '../model/prepare-model.js';
import { shapeMismatch } from '../model/source/checkpoint.js';
import { stacked, type TensorOverlay } from '../model/source/tensor-overlay.js';
import { findFolder } from './find-folder.js';
import type { LoadContext } from './load-context.js';
import { prepareFolder } from './prepare-folder.js';
import { forgetTensors, storeTensors } from './sent-tensors.js';
import { rolledBack, sentenceOf, UpdateFailure } from './update-failure.js';

/** Why a name gives no folder, beside faults of the network. */
const NOT_FOUND = new Set(['folder_not_found', 'repo_not_found', 'offline']);

/** A set of weights that devices can load, and where it came from. */
export interface Weights {
  /** Folder or repository of the checkpoint. */
  readonly modelPath: string;
  /** How the checkpoint was loaded. */
  readonly context: LoadContext;
  readonly prepared: PreparedCheckpoint;
  /** Tensors that were sent since, over those of the checkpoint. */
  readonly overlay: TensorOverlay | null;
}

export interface WeightHistory {
  readonly running: Weights;
  /** How the server was started: what an update does not say is as it was then. */
  readonly launch: LoadContext;
}

/** Finds, checks and prepares weights that are to follow the running ones. @throws UpdateFailure */
export function prepareWeights(origin: WeightOrigin, history: WeightHistory): Promise<Weights> {
  return origin.kind === 'disk' ? fromDisk(origin, history) : fromTensors(origin, history);
}

/** Removes what only `old` needs: tensors that were sent, weights that no cache keeps. */
export async function discardWeights(old: Weights, kept: Weights): Promise<void> {
  const { temporary } = old.context;
  await forgetTensors(old.overlay, kept.overlay, temporary);
  const { temporaryFolder } = old.prepared.info;
  if (temporaryFolder !== null && temporaryFolder !== kept.prepared.info.temporaryFolder) {
    await temporary.remove(temporaryFolder);
  }
}

async function fromDisk(
  { modelPath, loadFormat }: WeightsOnDisk,
  { running, launch }: WeightHistory,
): Promise<Weights> {
  const context = contextFor(launch, loadFormat);
  const folder = await find(context, modelPath);
  try {
    // Dummy weights are made to measure.
    if (context.args.loadFormat !== 'dummy') await checkShapes(running.prepared, folder);
    return { modelPath, context, prepared: await prepareFolder(context, folder), overlay: null };
  } catch (error) {
    throw rolledBack(error);
  }
}

async function fromTensors({ parts }: SentWeights, { running }: WeightHistory): Promise<Weights> {
  const { context, modelPath, prepared } = running;
  const { temporary } = context;
  let sent: TensorOverlay | null = null;
  try {
    sent = await storeTensors(parts, temporary);
    const overlay = stacked(running.overlay, sent);
    const next = await prepareFolder(context, prepared.info.folder, overlay);
    return { modelPath, context, prepared: next, overlay };
  } catch (error) {
    await forgetTensors(sent, running.overlay, temporary);
    throw rolledBack(error);
  }
}

async function checkShapes({ checkpoint }: PreparedCheckpoint, folder: string): Promise<void> {
  const { source } = await openModel(folder);
  // What is converted has no tensors to compare: it is checked against its own network.
  if (source.format === 'converted') return;
  const mismatch = shapeMismatch(checkpoint, await source.weights());
  if (mismatch !== null) throw new Error(mismatch);
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
