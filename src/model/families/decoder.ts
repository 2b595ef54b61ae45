import type { AttentionPlan } from '../plan/attention.js';
import type { LayerPlan, ModelPlan } from '../plan/network.js';
import type { StreamsPlan, TokenInputsPlan } from '../plan/streams.js';
import type { NormPlan } from '../plan/tensors.js';
import { type ConfigFields, ModelConfigError } from './config-fields.js';
import type { DecoderModel } from './family.js';
import type { ModelConfig } from './model-config.js';
import type { RotaryPlan } from './rope-config.js';
import { Names } from './parts/names.js';
import { norm, type NormStyle } from './parts/norm.js';
import type { Part } from './parts/part.js';
import { layerPlace, type LayerPlace } from './parts/place.js';
import type { TensorView } from '../weights/tensor-view.js';

/** What a checkpoint calls what is outside the layers. */
export interface DecoderModules {
  readonly embedding: string;
  readonly layers: string;
  readonly finalNorm: string;
  readonly head: string;
}

const MODULES: DecoderModules = {
  embedding: 'model.embed_tokens',
  layers: 'model.layers',
  finalNorm: 'model.norm',
  head: 'lm_head',
};

export interface Network {
  readonly layer: (place: LayerPlace) => Part<LayerPlan>;
  /** Of the last norm. */
  readonly norm: NormStyle;
  /** The head is the embedding table. */
  readonly tied: boolean;
  readonly headBias?: boolean;
  /** Each row of the head is divided by its length. */
  readonly hasUnitHead?: boolean;
  readonly embeddingScale?: number;
  /** A table of learned positions: what the checkpoint calls it, and its rows. Default: there is none. */
  readonly positions?: { readonly module: string; readonly count: number };
  /** Default: layers read nothing of a token but the stream. */
  readonly tokenInputs?: TokenInputsPlan | null;
  /** Default: there is one. */
  readonly streams?: StreamsPlan;
  readonly logitScale?: number;
  readonly logitSoftcap?: number | null;
  readonly modules?: Partial<DecoderModules>;
}

/** Embedding, layers, a last norm and a head. */
export function decoder(config: ModelConfig, network: Network): DecoderModel {
  const modules = { ...MODULES, ...network.modules };
  const { hiddenSize, vocabSize, numLayers } = config;
  const { positions, tokenInputs = null, streams } = network;
  const root = new Names('', '');
  const embedding = root.tensor('embedding', `${modules.embedding}.weight`, [
    vocabSize,
    hiddenSize,
  ]);
  const parts = Array.from({ length: numLayers }, (_, index) =>
    network.layer(layerPlace(config, modules.layers, index)),
  );
  const layers = parts.map((part) => part.plan);
  for (const { attention } of layers) checkFactors(attention?.rotary ?? null);
  const finalNorm = norm(root, network.norm, {
    name: 'final_norm',
    module: modules.finalNorm,
    width: hiddenSize,
  });
  const headWeight = network.tied ? embedding.checkpoint : `${modules.head}.weight`;
  const unitHead = network.hasUnitHead === true ? unitRows(headWeight, embedding.shape) : null;
  const plan: ModelPlan = {
    embedding,
    embeddingScale: network.embeddingScale ?? 1,
    positions:
      positions === undefined
        ? null
        : root.tensor('positions', `${positions.module}.weight`, [positions.count, hiddenSize]),
    ...(tokenInputs === null ? {} : { tokenInputs }),
    ...(streams === undefined ? {} : { streams }),
    layers,
    finalNorm,
    head: {
      name: 'head',
      in: hiddenSize,
      out: vocabSize,
      parts: [
        {
          weight: unitHead?.name ?? headWeight,
          bias: network.headBias === true ? `${modules.head}.bias` : null,
          out: vocabSize,
        },
      ],
    },
    logitScale: network.logitScale ?? 1,
    logitSoftcap: network.logitSoftcap ?? null,
    rotatable: isWholeRms(finalNorm) && layers.every(isRotatable),
  };
  const views = parts.flatMap((part) => part.views);
  return { config, plan, views: unitHead === null ? views : [...views, unitHead] };
}

/** All rows of a matrix, each with length 1. */
function unitRows(of: string, shape: readonly number[]): TensorView {
  const rows = shape[0] ?? 0;
  const lines = { begin: 0, run: rows, stride: rows, order: null };
  const name = `${of} of length 1`;
  return { name, shape, of, ofShape: shape, lines, along: 'rows', first: 0, isUnit: true };
}

/** `tie_word_embeddings`. */
export function readTied(fields: ConfigFields, fallback = false): boolean {
  return fields.boolean('tie_word_embeddings', fallback);
}

function checkFactors(rotary: RotaryPlan | null): void {
  if (rotary?.rope.type !== 'longrope') return;
  const { rope, dims } = rotary;
  for (const { factors } of [rope.short, rope.long]) {
    if (factors.length === dims / 2) continue;
    throw new ModelConfigError(
      `config.json: "rope_scaling" has ${factors.length} factors, and ${dims} dimensions of a head ` +
        `are rotated: there must be ${dims / 2}`,
    );
  }
}

function isRotatable(layer: LayerPlan): boolean {
  const { inputNorm, mlpNorm, isParallel, attentionOutputNorm, mlpOutputNorm } = layer;
  const mixes = layer.attention !== null || layer.recurrent !== null;
  const hasOwnNorm = layer.mlp !== null && !(isParallel && mlpNorm === null);
  const reads = [...(mixes ? [inputNorm] : []), ...(hasOwnNorm ? [mlpNorm] : [])];
  return (
    layer.altUp === undefined &&
    layer.tokenInput === undefined &&
    attentionOutputNorm === null &&
    mlpOutputNorm === null &&
    (layer.attention === null || turnsValues(layer.attention)) &&
    reads.every(isWholeRms)
  );
}

/** Heads of v are rotated as well: each number of theirs may depend on all others, until `o` reads them. */
function turnsValues({ latent, clip, gate, vNorm, sharesKv, heads }: AttentionPlan): boolean {
  const isPlain = [vNorm, sharesKv, heads].every((part) => part === undefined);
  return isPlain && latent === null && clip === null && gate === null;
}

function isWholeRms(plan: NormPlan | null): boolean {
  return plan?.kind === 'rms' && plan.gain !== null && plan.gainOffset === 0 && plan.bias === null;
}
