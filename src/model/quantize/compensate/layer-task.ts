import type { ModelConfig } from '../../families/model-config.js';
import type { ModelPlan } from '../../plan/network.js';
import type { StoredTensor } from '../../weights/packing.js';
import type { WeightMap } from '../../weights/weight-store.js';
import type { ZeroBlocksPlace } from '../zero-blocks.js';

/** The linears of one layer, to be rounded on what the layers before it make of some texts. Plain data. */
export interface LayerTask {
  readonly config: ModelConfig;
  /** Folder and map of the cache file: of this layer and those before it all but `linears` is there. */
  readonly folder: string;
  readonly map: WeightMap;
  readonly plan: ModelPlan;
  /** Of the plan's layers. */
  readonly index: number;
  readonly linears: readonly LinearTask[];
  /** Token ids of the texts. */
  readonly texts: readonly Int32Array[];
  /** `[T, hidden]`: the residual stream before the layer, for all tokens of the texts; null = it is the first layer. */
  readonly stream: Float32Array | null;
  /** Where it notes what it wrote; null = nobody can go on with it. */
  readonly journal: LayerJournal | null;
}

/** A linear to be rounded, and where in the cache file its codes go. */
export interface LinearTask extends ZeroBlocksPlace {
  readonly name: string;
  readonly out: number;
  /** `[out, in] f32`: the weight as the network is to have it, rotations and all. */
  readonly source: StoredTensor;
  readonly target: string;
}

/** Where a layer is noted. */
export interface LayerJournal {
  readonly path: string;
  readonly id: string;
  /** File that takes the residual stream behind the layer; null = no layer reads it. */
  readonly streamPath: string | null;
}
