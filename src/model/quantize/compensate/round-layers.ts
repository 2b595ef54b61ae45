import { rm, truncate, writeFile } from 'node:fs/promises';

import type { ModelConfig } from '../../families/model-config.js';
import type { ModelPlan } from '../../plan.js';
import type { WeightMap } from '../../weights/weight-store.js';
import type { QuantizeJob } from '../job.js';
import type { LayerRounding } from '../recipe.js';
import { runJobs } from '../run-jobs.js';
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

interface RoundingDeps {
  readonly runJob: (job: QuantizeJob) => Promise<void>;
  readonly roundLayer: RoundLayer;
}

/**
 * Rounds layers one behind the other, each on what those before it make of the texts as they are rounded. The rows of a
 * layer lie in a file meanwhile, so that no more than one layer is ever there as floats.
 */
export async function roundLayers(
  layers: readonly LayerRounding[],
  entry: { readonly folder: string; readonly map: WeightMap; readonly calibration: Calibration },
  { runJob, roundLayer }: RoundingDeps,
  meter: (bytes: number) => void,
): Promise<void> {
  const { calibration, ...file } = entry;
  let stream: Float32Array | null = null;
  for (const { index, path, fileBytes, jobs, linears } of layers) {
    await writeFile(path, '', { mode: PRIVATE_FILE });
    await truncate(path, fileBytes);
    await runJobs(jobs, { runJob }, () => undefined);
    stream = await roundLayer({ ...file, ...calibration, index, linears, stream });
    await rm(path);
    meter(jobs.reduce((sum, { bytes }) => sum + bytes, 0));
  }
}
