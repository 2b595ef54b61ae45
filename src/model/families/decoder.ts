import type { LayerPlan, ModelPlan, NormPlan } from '../plan.js';
import type { ConfigFields } from './config-fields.js';
import type { DecoderModel } from './family.js';
import type { ModelConfig } from './model-config.js';
import { Names } from './parts/names.js';
import { norm, type NormStyle } from './parts/norm.js';
import type { Part } from './parts/part.js';
import { layerPlace, type LayerPlace } from './parts/place.js';

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
  readonly embeddingScale?: number;
  readonly logitScale?: number;
  readonly logitSoftcap?: number | null;
  readonly modules?: Partial<DecoderModules>;
}

/** Embedding, layers, a last norm and a head. */
export function decoder(config: ModelConfig, network: Network): DecoderModel {
  const modules = { ...MODULES, ...network.modules };
  const { hiddenSize, vocabSize, numLayers } = config;
  const root = new Names('', '');
  const embedding = root.tensor('embedding', `${modules.embedding}.weight`, [
    vocabSize,
    hiddenSize,
  ]);
  const parts = Array.from({ length: numLayers }, (_, index) =>
    network.layer(layerPlace(config, modules.layers, index)),
  );
  const layers = parts.map((part) => part.plan);
  const finalNorm = norm(root, network.norm, {
    name: 'final_norm',
    module: modules.finalNorm,
    width: hiddenSize,
  });
  const plan: ModelPlan = {
    embedding,
    embeddingScale: network.embeddingScale ?? 1,
    layers,
    finalNorm,
    head: {
      name: 'head',
      in: hiddenSize,
      out: vocabSize,
      parts: [
        {
          weight: network.tied ? embedding.checkpoint : `${modules.head}.weight`,
          bias: network.headBias === true ? `${modules.head}.bias` : null,
          out: vocabSize,
        },
      ],
    },
    logitScale: network.logitScale ?? 1,
    logitSoftcap: network.logitSoftcap ?? null,
    rotatable: isWholeRms(finalNorm) && layers.every(isRotatable),
  };
  return { config, plan, views: parts.flatMap((part) => part.views) };
}

/** `tie_word_embeddings`. */
export function readTied(fields: ConfigFields, fallback = false): boolean {
  return fields.boolean('tie_word_embeddings', fallback);
}

function isRotatable(layer: LayerPlan): boolean {
  const { inputNorm, mlpNorm, isParallel, attentionOutputNorm, mlpOutputNorm } = layer;
  const reads = isParallel && mlpNorm === null ? [inputNorm] : [inputNorm, mlpNorm];
  return attentionOutputNorm === null && mlpOutputNorm === null && reads.every(isWholeRms);
}

function isWholeRms(plan: NormPlan | null): boolean {
  return plan?.kind === 'rms' && plan.gain !== null && plan.gainOffset === 0 && plan.bias === null;
}
