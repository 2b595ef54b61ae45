import type { ModelConfig } from '../families/model-config.js';
import type { LinearPlan, NormPlan } from '../plan/tensors.js';
import type { ModelTarget } from '../target.js';
import type { OutputStep, TableJob } from './job.js';
import type { JobList, LinearOrder } from './job-list.js';
import type { ProductSums } from './product-sums.js';
import { mixesWholly, type RotationSpec } from './rotate.js';

/** Columns of `down_proj`'s input that the run-time Hadamard mixes. */
const DOWN_HADAMARD = 32;

/**
 * What rows of the rotated stream are quantised over behind an RMSNorm: their root mean square is 1, and the rotation
 * makes them alike in all places of a network (docs/decisions/0014-fewer-nodes.md).
 */
const NORMED_RANGE = 3.6;

/**
 * What attention gives is averages of values, which are integers of [-127, 127] in a cache of those: few of them come
 * near its ends (docs/decisions/0014-fewer-nodes.md).
 */
const GRID_RANGE = 96;

const RESIDUAL_SEED = 0x52414449;

/** What is done to a linear beside its encoding. */
export type LinearSteps = Pick<
  LinearOrder,
  'inputStep' | 'outputStep' | 'inputHadamard' | 'inputRange' | 'gridRange'
>;

/** What a format does to each place of the network. */
export interface RecipeSteps {
  /** Norm gains become 1, because the linears behind them took them. */
  readonly foldsGains: boolean;
  readonly embedding: {
    readonly rotation: RotationSpec | null;
    readonly dtype: TableJob['dtype'] | null;
  };
  /** A linear that reads the residual stream through this norm. */
  reads(norm: NormPlan | null): LinearSteps;
  qkv(norm: NormPlan | null, linear: LinearPlan): LinearSteps;
  readonly o: LinearSteps;
  readonly down: LinearSteps;
  /** A linear that writes the residual stream, and reads what nothing was done to. */
  readonly writes: LinearSteps;
  /** Of the rows behind the layers; null = they are as the network has them. */
  readonly rowRotation: RotationSpec | null;
}

export const NO_STEPS: LinearSteps = {
  inputStep: null,
  outputStep: null,
  inputHadamard: null,
  inputRange: null,
  gridRange: null,
};

/** Of a network that is not rotated. */
export function plainSteps(target: ModelTarget): RecipeSteps {
  return {
    foldsGains: false,
    embedding: { rotation: null, dtype: tableType(target) },
    reads: () => NO_STEPS,
    qkv: () => NO_STEPS,
    o: NO_STEPS,
    down: NO_STEPS,
    writes: NO_STEPS,
    rowRotation: null,
  };
}

/** Of the embedding table; null = as the checkpoint has it, which a GPU may have no rows of. */
function tableType({ device, compute }: ModelTarget): TableJob['dtype'] | null {
  if (device === 'cpu') return null;
  return compute === 'bf16' ? 'bf16' : 'f16';
}

/** What rotations are as wide as, and where values are. */
export type RotatedSizes = Pick<ModelConfig, 'hiddenSize' | 'headDim' | 'numKvHeads'>;

/** Gains folded, the residual stream, the values of each head and the input of `down_proj` rotated. */
export function rotatedSteps(
  config: RotatedSizes,
  list: JobList,
  sums: ProductSums = 'pairs',
): RecipeSteps {
  const residual: RotationSpec = { size: config.hiddenSize, seed: RESIDUAL_SEED };
  const head: RotationSpec = { size: config.headDim, seed: null };
  const writes: OutputStep = { begin: 0, end: config.hiddenSize, rotation: residual };
  const reads = (norm: NormPlan | null): LinearSteps => ({
    ...NO_STEPS,
    inputStep: { gain: norm?.gain ? list.stored(norm.gain) : null, rotation: residual },
    inputRange: mixesWholly(config.hiddenSize) ? NORMED_RANGE : null,
  });
  const hadamard: RotationSpec = { size: DOWN_HADAMARD, seed: null };
  const writesFrom = (rotation: RotationSpec): LinearSteps => ({
    ...NO_STEPS,
    inputStep: { gain: null, rotation },
    outputStep: writes,
  });
  return {
    foldsGains: true,
    embedding: { rotation: residual, dtype: 'f16' },
    reads,
    qkv: (norm, linear) => ({
      ...reads(norm),
      // Keys and values are rounded themselves: with one range here, and pair-safe weights, the errors together are too
      // large (0014).
      ...(sums === 'pairs' && { inputRange: null }),
      // The values are the last rows; each query head of a group reads the same rotated head.
      outputStep: {
        begin: linear.out - config.numKvHeads * config.headDim,
        end: linear.out,
        rotation: head,
      },
    }),
    o: { ...writesFrom(head), gridRange: sums === 'whole' ? GRID_RANGE : null },
    down: { ...writesFrom(hadamard), inputHadamard: DOWN_HADAMARD },
    writes: { ...NO_STEPS, outputStep: writes },
    rowRotation: residual,
  };
}
