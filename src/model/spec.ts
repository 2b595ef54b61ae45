import type { LoraSite } from '../core/lora.js';
import type { KvType, ModelSpec, WeightFormat } from '../core/model-spec.js';
import type { ModelConfig } from './families/model-config.js';
import { headLayout } from './graph/head-layout.js';
import { kvLayers } from './graph/kv-layers.js';
import { hasPlainKv, keepsLatents, layerWindows, moeFacts, stateFacts } from './plan/facts.js';
import type { TrunkPlan } from './plan/network.js';

export interface SpecOptions {
  readonly contextLength: number;
  readonly format: WeightFormat;
  readonly kvType: KvType;
  /** Bytes of the weights as a device holds them. */
  readonly weightBytes: number;
  readonly lora?: readonly LoraSite[];
}

/** What the actors may know of the model. `headDim` is that of the KV cache, padding included. */
export function modelSpec(
  { config, plan }: { readonly config: ModelConfig; readonly plan: TrunkPlan },
  options: SpecOptions,
): ModelSpec {
  const windows = layerWindows(plan);
  return {
    architecture: config.architecture,
    modelType: config.modelType,
    numLayers: config.numLayers,
    numHeads: config.numHeads,
    numKvHeads: config.numKvHeads,
    headDim: headLayout(config.headDim).cacheHeadDim,
    hiddenSize: config.hiddenSize,
    vocabSize: config.vocabSize,
    slidingWindow: widestWindow(windows),
    windows: narrowWindows(windows, options.contextLength),
    moe: moeFacts(plan),
    state: stateFacts(plan),
    embedding: null,
    ...(hasPlainKv(plan) && !keepsLatents(plan) ? {} : { kvLayers: kvLayers(config, plan) }),
    ...options,
  };
}

/** Of each layer; null = all is seen. */
type Windows = readonly (number | null)[];

/** A window that no request outgrows is none. */
function narrowWindows(windows: Windows, contextLength: number): readonly number[] {
  const isNarrow = (window: number | null): window is number =>
    window !== null && window < contextLength;
  return [...new Set(windows.filter(isNarrow))];
}

/** Null as soon as one layer sees everything. */
function widestWindow(windows: Windows): number | null {
  const widest = Math.max(...windows.map((window) => window ?? Infinity));
  return Number.isFinite(widest) ? widest : null;
}
