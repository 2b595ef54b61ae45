import type { KvType, ModelSpec, WeightFormat } from '../core/model-spec.js';
import type { ModelConfig } from './families/model-config.js';
import { headLayout } from './graph/head-layout.js';

export interface SpecOptions {
  readonly contextLength: number;
  readonly format: WeightFormat;
  readonly kvType: KvType;
  /** Bytes of the initializers as the session holds them. */
  readonly weightBytes: number;
}

/** What the actors may know of the model. `headDim` is that of the KV cache, padding included. */
export function modelSpec(config: ModelConfig, options: SpecOptions): ModelSpec {
  const { moe } = config;
  return {
    architecture: config.architecture,
    modelType: config.modelType,
    numLayers: config.numLayers,
    numHeads: config.numHeads,
    numKvHeads: config.numKvHeads,
    headDim: headLayout(config.headDim).cacheHeadDim,
    hiddenSize: config.hiddenSize,
    vocabSize: config.vocabSize,
    slidingWindow: widestWindow(config),
    windows: narrowWindows(config, options.contextLength),
    moe: moe && { layers: moe.layers, numExperts: moe.numExperts, topK: moe.topK },
    embedding: null,
    ...options,
  };
}

/** A window that no request outgrows is none. */
function narrowWindows({ layerWindows }: ModelConfig, contextLength: number): readonly number[] {
  const isNarrow = (window: number | null): window is number =>
    window !== null && window < contextLength;
  return [...new Set(layerWindows.filter(isNarrow))];
}

/** Null as soon as one layer sees everything. */
function widestWindow(config: ModelConfig): number | null {
  const windows = config.layerWindows.map((window) => window ?? Infinity);
  const widest = Math.max(...windows);
  return Number.isFinite(widest) ? widest : null;
}
