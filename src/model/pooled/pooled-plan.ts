import type { Activation } from '../activation.js';
import type { ModelConfig } from '../families/model-config.js';
import { normTensors } from '../plan/facts.js';
import type { TrunkPlan } from '../plan/network.js';
import type { AdapterPlan, LinearPlan, NormPlan, TensorPlan } from '../plan/tensors.js';
import type { TensorView } from '../weights/tensor-view.js';

/**
 * A model that answers with one vector per text: a trunk that makes hidden states, what is made of each of them, a choice
 * of rows, and what is done with the pooled row. Pooling itself is data of each run (graph/contract.ts).
 */
export interface PooledPlan {
  readonly trunk: PooledTrunk;
  /** Of each row before pooling, in order. */
  readonly rows: readonly PoolStage[];
  /** After pooling, in order. */
  readonly stages: readonly PoolStage[];
  /** Tokens that pooling by `turn` looks for. */
  readonly turn?: readonly number[];
}

/** The weight store's name of the rotation of a stream, `[hidden, hidden]`; a store without it has one that is not rotated. */
export const ROW_ROTATION = 'row_rotation';

export interface PooledTrunk {
  readonly config: ModelConfig;
  readonly plan: TrunkPlan;
  /** Tensors of the plan that the checkpoint has as parts of others. */
  readonly views: readonly TensorView[];
  /** What stands before each tensor name in some checkpoints and not in others; `inPlan`: the plan has it. */
  readonly prefix: { readonly text: string; readonly inPlan: boolean };
  /** See `ModelPlan`; rows behind the last norm are turned back. */
  readonly rotatable: boolean;
  /** Null = a token sees itself and those before it. */
  readonly encoder: EncoderPlan | null;
}

/**
 * Tokens see those behind them too. The window of a layer is that of either side, the token's own place included.
 */
export interface EncoderPlan {
  /** Null = the layers read the rows of the embedding table. */
  readonly entry: EntryPlan | null;
  /** Null = scores are products of q and k alone. */
  readonly scores: ScoresPlan | null;
}

/** Words, positions and token types added up, normed, and brought to the width of the layers. */
export interface EntryPlan {
  readonly positions: PositionsPlan | null;
  /** A table of one row is added to all tokens, whatever their type. */
  readonly tokenTypes: TensorPlan | null;
  /** Beside the words, and beside the token types; absent = none. */
  readonly wordsAdapter?: AdapterPlan;
  readonly typesAdapter?: AdapterPlan;
  readonly norm: NormPlan | null;
  /** Before the norm, or behind it. */
  readonly projection: { readonly linear: LinearPlan; readonly place: 'before' | 'behind' } | null;
}

export interface PositionsPlan {
  readonly table: TensorPlan;
  /**
   * RoBERTa: tokens other than this one are numbered from `paddingId + 1` on, this one stays at its own
   * number. Null: positions count from 0.
   */
  readonly paddingId: number | null;
}

/** What is added to the scores of a query and a key by how far they are from each other. */
export type ScoresPlan = SlopesPlan | BucketsPlan | DisentangledPlan;

/** `-slope * |distance|`, a slope for each head (ALiBi on both sides, arXiv 2108.12409). */
export interface SlopesPlan {
  readonly kind: 'slopes';
  readonly slopes: readonly number[];
}

/** The number that a table has for the bucket of a distance and a head. */
export interface BucketsPlan {
  readonly kind: 'buckets';
  /** `[numBuckets, numHeads]` */
  readonly table: TensorPlan;
  /** Bucket of each distance, key minus query, from `-(length - 1)` to `length - 1`. */
  readonly bucketOf: (distance: number) => number;
}

/** Numbers of a row that is pooled. */
export function rowWidth({ trunk, rows }: PooledPlan): number {
  const last = rows.findLast((stage) => stage.kind === 'linear');
  return last?.linear.out ?? trunk.config.hiddenSize;
}

/** Products of q and k with embeddings of the distance between them (DeBERTa, arXiv 2006.03654). */
export interface DisentangledPlan {
  readonly kind: 'disentangled';
  /** `[rows, hiddenSize]` */
  readonly table: TensorPlan;
  readonly norm: NormPlan | null;
  /** Row of a distance, query minus key. */
  readonly rowOf: (distance: number) => number;
  /** Of a layer: what makes keys and queries of the rows; `shared` = the linear of its own k or q, null = nothing does. */
  readonly linears: (layer: number) => {
    readonly keys: LinearPlan | 'shared' | null;
    readonly queries: LinearPlan | 'shared' | null;
  };
}

export type PoolStage =
  | { readonly kind: 'linear'; readonly linear: LinearPlan }
  | { readonly kind: 'activation'; readonly activation: Activation }
  /** `x` where it is positive, else `slope * x`; `slope` is `[1]`. */
  | { readonly kind: 'prelu'; readonly slope: TensorPlan }
  | { readonly kind: 'norm'; readonly norm: NormPlan }
  /** Divides by the L2 norm. */
  | { readonly kind: 'normalize' }
  | GatedRewardStage;

/**
 * The sum of rewards for several objectives, `last x` times {@link transform}, by weights that the gate gives:
 * `scale * softmax(gate y / temperature)`, where x is the first half of the row and y the second (ArmoRM, arXiv 2406.12845).
 */
export interface GatedRewardStage {
  readonly kind: 'gated_reward';
  readonly rewards: LinearPlan;
  /** `[objectives, objectives]` */
  readonly transform: TensorPlan;
  /** ReLU between them. */
  readonly gate: readonly LinearPlan[];
  readonly temperature: number;
  /** `[1]` */
  readonly scale: TensorPlan;
}

/** The tables and norms of a plan that its trunk's layers do not have. */
export function pooledTensors({ trunk, rows, stages }: PooledPlan): TensorPlan[] {
  const { entry = null, scores = null } = trunk.encoder ?? {};
  const tables = [entry?.positions?.table, entry?.tokenTypes].filter((table) => table != null);
  return [
    ...tables,
    ...[entry?.wordsAdapter, entry?.typesAdapter].flatMap((adapter) =>
      adapter === undefined ? [] : [adapter.down, adapter.up],
    ),
    ...(entry?.norm ? normTensors(entry.norm) : []),
    ...(scores === null || scores.kind === 'slopes' ? [] : [scores.table]),
    ...(scores?.kind === 'disentangled' && scores.norm ? normTensors(scores.norm) : []),
    ...[...rows, ...stages].flatMap(stageTensors),
  ];
}

function stageTensors(stage: PoolStage): TensorPlan[] {
  if (stage.kind === 'prelu') return [stage.slope];
  if (stage.kind === 'gated_reward') return [stage.transform, stage.scale];
  return stage.kind === 'norm' ? normTensors(stage.norm) : [];
}

function stageLinears(stage: PoolStage): readonly LinearPlan[] {
  if (stage.kind === 'gated_reward') return [stage.rewards, ...stage.gate];
  return stage.kind === 'linear' ? [stage.linear] : [];
}

/** The linears of a plan that its trunk's layers do not have. */
export function pooledLinears({ trunk, rows, stages }: PooledPlan): LinearPlan[] {
  const { entry = null, scores = null } = trunk.encoder ?? {};
  const projection = entry?.projection?.linear ?? null;
  const ends = [...rows, ...stages].flatMap(stageLinears);
  const ofLayers =
    scores?.kind === 'disentangled'
      ? trunk.plan.layers.flatMap(({ index }) => Object.values(scores.linears(index)))
      : [];
  const ofScores = ofLayers.filter((linear) => linear !== null && linear !== 'shared');
  return [...(projection === null ? [] : [projection]), ...ofScores, ...ends];
}
