import { rm, truncate, writeFile } from 'node:fs/promises';

import type { ModelConfig } from '../../families/model-config.js';
import type { ModelPlan } from '../../plan/network.js';
import type { WeightMap } from '../../weights/weight-store.js';
import type { QuantizeJob } from '../job.js';
import type { LayerRounding } from '../recipe.js';
import { runJobs } from '../run-jobs.js';
import { layerJournals, roundedLayers } from './layer-journal.js';
import type { LayerTask } from './layer-task.js';

const PRIVATE_FILE = 0o600;

/** Gives the residual stream behind the layer. */
export type RoundLayer = (task: LayerTask) => Promise<Float32Array>;

/** The network, and what it reads while it is rounded. */
export interface Calibration {
  readonly config: ModelConfig;
  readonly plan: ModelPlan;
  /** Token ids; none is empty. */
  readonly texts: readonly Int32Array[];
}

/** What is being filled. */
export interface LayeredDraft {
  readonly folder: string;
  readonly weightsPath: string;
  /** Null = nobody can go on with it. */
  readonly journalPath: string | null;
  readonly map: WeightMap;
  readonly calibration: Calibration;
}

interface RoundingDeps {
  readonly runJob: (job: QuantizeJob) => Promise<void>;
  readonly roundLayer: RoundLayer;
  readonly info?: (message: string) => void;
}

/**
 * Rounds layers one behind the other, each on what those before it make of the texts as they are rounded. The rows of a
 * layer lie in a file meanwhile, so that no more than one layer is ever there as floats. Goes on behind the layers that
 * an ended process has noted.
 */
export async function roundLayers(
  layers: readonly LayerRounding[],
  { folder, weightsPath, journalPath, map, calibration }: LayeredDraft,
  { runJob, roundLayer, info }: RoundingDeps,
  meter: (bytes: number) => void,
): Promise<void> {
  const journals =
    journalPath === null ? [] : layerJournals(layers, { path: journalPath, file: weightsPath });
  const begun = await roundedLayers(journals, weightsPath);
  if (begun.count > 0) {
    info?.(`Rounding goes on where a start was ended: ${begun.count} of ${layers.length} layers.`);
  }
  let { stream } = begun;
  for (const [at, layer] of layers.entries()) {
    const { index, path, fileBytes, jobs, linears } = layer;
    if (at >= begun.count) {
      await writeFile(path, '', { mode: PRIVATE_FILE });
      await truncate(path, fileBytes);
      await runJobs(jobs, { runJob }, () => undefined);
      const journal = journals[at] ?? null;
      stream = await roundLayer({ folder, map, ...calibration, index, linears, stream, journal });
    }
    await rm(path, { force: true });
    const before = journals[at - 1]?.streamPath ?? null;
    if (before !== null) await rm(before, { force: true });
    meter(jobs.reduce((sum, { bytes }) => sum + bytes, 0));
  }
}
