import type { ModelConfig } from '../families/model-config.js';
import { layer } from '../families/parts/layers.js';
import { Names } from '../families/parts/names.js';
import { norm, type NormStyle } from '../families/parts/norm.js';
import type { Part } from '../families/parts/part.js';
import { layerPlace, type LayerPlace } from '../families/parts/place.js';
import type { AttentionPlan } from '../plan/attention.js';
import type { MlpPlan } from '../plan/mlp.js';
import type { LayerPlan } from '../plan/network.js';
import type { NormPlan, TensorPlan } from '../plan/tensors.js';
import type { PooledTrunk, ScoresPlan } from './pooled-plan.js';

/** What an encoder adds to the words before its layers read them. */
export interface EntryTraits {
  /** What the checkpoint calls all of it. */
  readonly at: string;
  /** In it the table of words. */
  readonly words: string;
  /** Of the tables; default: that of the layers. */
  readonly width?: number;
  /** Brings {@link width} to that of the layers, before the norm and without a bias or behind it; null = it is the same. */
  readonly projection?: { readonly module: string; readonly place: 'before' | 'behind' } | null;
  readonly positions?: {
    readonly module: string;
    readonly rows: number;
    /** See `PositionsPlan`. */
    readonly paddingId: number | null;
  } | null;
  readonly tokenTypes?: { readonly module: string; readonly rows: number } | null;
  readonly norm: string;
  /** Where the checkpoint has the norm; default: with the tables. */
  readonly normAt?: string;
}

/** Where the norms of a layer stand: before its halves, with one behind the last layer, or behind each half. */
export type NormPlaces =
  | {
      readonly place: 'before';
      readonly attention: (layer: number) => string | null;
      readonly mlp: string;
      /** Outside the layers. */
      readonly last: string;
    }
  | { readonly place: 'behind'; readonly attention: string; readonly mlp: string };

export interface EncoderNetwork {
  /** What stands before each name where the checkpoint is that of a model with a head. */
  readonly prefix: string;
  readonly entry: EntryTraits;
  /** What the checkpoint calls the layers. */
  readonly layers: string;
  readonly norm: NormStyle;
  readonly norms: NormPlaces;
  readonly attention: (place: LayerPlace) => Part<AttentionPlan>;
  readonly mlp: (place: LayerPlace) => Part<MlpPlan>;
  readonly scores?: ScoresPlan | null;
}

const ROOT = new Names('', '');

/** Tables that are added up, layers whose tokens see each other, a last norm. */
export function encoder(config: ModelConfig, network: EncoderNetwork): PooledTrunk {
  const { embedding, entry } = entryOf(config, network);
  const parts = Array.from({ length: config.numLayers }, (_, index) =>
    layerOf(config, network, index),
  );
  const { place } = network.norms;
  return {
    config,
    plan: {
      embedding,
      embeddingScale: 1,
      positions: null,
      layers: parts.map(({ plan }) => plan),
      finalNorm: lastNorm(config, network),
      isStreamNormed: place === 'behind',
    },
    views: parts.flatMap(({ views }) => views),
    prefix: { text: network.prefix, inPlan: false },
    rotatable: false,
    encoder: { entry, scores: network.scores ?? null },
  };
}

function entryOf(config: ModelConfig, { entry, norm: style }: EncoderNetwork) {
  const { hiddenSize, vocabSize } = config;
  const { width = hiddenSize, positions = null, tokenTypes = null, projection = null } = entry;
  const at = ROOT.within(entry.at);
  const table = (name: string, module: string, rows: number): TensorPlan =>
    at.tensor(name, `${module}.weight`, [rows, width]);
  return {
    embedding: table('embedding', entry.words, vocabSize),
    entry: {
      positions: positions && {
        table: table('positions', positions.module, positions.rows),
        paddingId: positions.paddingId,
      },
      tokenTypes: tokenTypes && table('token_types', tokenTypes.module, tokenTypes.rows),
      norm: norm(ROOT.within(entry.normAt ?? entry.at), style, {
        name: 'entry_norm',
        module: entry.norm,
        width: projection?.place === 'before' ? hiddenSize : width,
      }),
      projection: projection && {
        place: projection.place,
        linear: (projection.place === 'before' ? at : ROOT).linear('projection', {
          in: width,
          parts: [[projection.module, hiddenSize]],
          bias: projection.place === 'behind',
        }),
      },
    },
  };
}

/** Of norms behind the halves, that of an MLP is the one that the next layer reads through. */
function layerOf(config: ModelConfig, network: EncoderNetwork, index: number): Part<LayerPlan> {
  const place = layerPlace(config, network.layers, index);
  const { norms } = network;
  const module = norms.place === 'before' ? norms.mlp : norms.attention;
  return layer(place, {
    attention: network.attention(place),
    mlp: network.mlp(place),
    inputNorm: inputNorm(config, network, index),
    mlpNorm: styled(place.names, network, 'mlp_norm', module, config),
  });
}

function inputNorm(config: ModelConfig, network: EncoderNetwork, index: number): NormPlan | null {
  const { norms } = network;
  if (norms.place === 'behind') return index === 0 ? null : normBehind(config, network, index - 1);
  const module = norms.attention(index);
  if (module === null) return null;
  const { names } = layerPlace(config, network.layers, index);
  return styled(names, network, 'input_norm', module, config);
}

function lastNorm(config: ModelConfig, network: EncoderNetwork): NormPlan {
  const { norms } = network;
  return norms.place === 'behind'
    ? normBehind(config, network, config.numLayers - 1)
    : styled(ROOT, network, 'final_norm', norms.last, config);
}

/** The norm behind a layer's MLP. */
function normBehind(config: ModelConfig, network: EncoderNetwork, index: number): NormPlan {
  const { names } = layerPlace(config, network.layers, index);
  return styled(names, network, 'output_norm', network.norms.mlp, config);
}

function styled(
  names: Names,
  { norm: style }: EncoderNetwork,
  name: string,
  module: string,
  { hiddenSize }: ModelConfig,
): NormPlan {
  return norm(names, style, { name, module, width: hiddenSize });
}
