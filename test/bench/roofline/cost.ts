import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  kvBytesPerToken,
  type ModelSpec,
  type WeightFormat,
} from '../../../src/core/model-spec.js';
import type { Limits } from './limits.js';

/** Bytes of one weight with its share of the scales. */
const WEIGHT_BYTES: Readonly<Record<WeightFormat, number>> = {
  none: 4,
  w8a8_int8: 1,
  int8: 1 + 4 / 32,
  int4: 1 / 2 + 4 / 16,
};

/** One run of the model: rows, and how many of them go through the head. */
export interface Run {
  /** Keys that each row attends to, itself among them. */
  readonly keysOfRows: readonly number[];
  /** Keys that the run must read: of one slot once, however many rows attend to them. */
  readonly keysRead: number;
  readonly numHeadRows: number;
}

/** What a run must compute and move at least. */
export interface Cost {
  /** Of the products with weights; a multiplication and an addition are two. */
  readonly matmulOps: number;
  readonly weightBytes: number;
  /** Of attention: scores and weighted values, without what a causal mask leaves out. */
  readonly attentionOps: number;
  /** K and V read, and those of the new rows written. */
  readonly kvBytes: number;
}

/** The decoder's matrices: queries, keys and values, output, gate, up, down; and the head. */
export class CostModel {
  private constructor(
    private readonly spec: ModelSpec,
    private readonly layerWeights: number,
  ) {}

  /** Dense decoders with a gated MLP. */
  static async of(spec: ModelSpec, folder: string): Promise<CostModel> {
    if (spec.moe !== null) throw new Error('a Mixture-of-Experts model reads what it routes to');
    const text = await readFile(join(folder, 'config.json'), 'utf8');
    const { intermediate_size: inner } = JSON.parse(text) as { readonly intermediate_size: number };
    const { hiddenSize, numHeads, numKvHeads, headDim } = spec;
    const attention = hiddenSize * headDim * (2 * numHeads + 2 * numKvHeads);
    return new CostModel(spec, attention + 3 * hiddenSize * inner);
  }

  cost({ keysOfRows, keysRead, numHeadRows }: Run): Cost {
    const { numLayers, numHeads, headDim, hiddenSize, vocabSize, format } = this.spec;
    const numRows = keysOfRows.length;
    const layers = numLayers * this.layerWeights;
    const head = numHeadRows === 0 ? 0 : hiddenSize * vocabSize;
    const numKeys = keysOfRows.reduce((sum, keys) => sum + keys, 0);
    return {
      matmulOps: 2 * (numRows * layers + numHeadRows * hiddenSize * vocabSize),
      weightBytes: (layers + head) * WEIGHT_BYTES[format],
      attentionOps: 4 * numLayers * numHeads * headDim * numKeys,
      kvBytes: (keysRead + numRows) * kvBytesPerToken(this.spec),
    };
  }
}

/** The least milliseconds that the machine needs for something, by each of its limits. */
export interface Bounds {
  readonly matmulMs: number;
  readonly attentionMs: number;
  readonly bandwidthMs: number;
  /** Products and attention one after the other, each by the limit that holds it. */
  readonly totalMs: number;
}

export function boundsOf(cost: Cost, limits: Limits, format: WeightFormat): Bounds {
  const ms = (work: number, perSecond: number) => work / perSecond / 1e6;
  const matmulMs = ms(cost.matmulOps, format === 'none' ? limits.f32Gflops : limits.int8Gops);
  const attentionMs = ms(cost.attentionOps, limits.f32Gflops);
  const weightsMs = ms(cost.weightBytes, limits.readGBps);
  const kvMs = ms(cost.kvBytes, limits.readGBps);
  return {
    matmulMs,
    attentionMs,
    bandwidthMs: weightsMs + kvMs,
    totalMs: Math.max(matmulMs, weightsMs) + Math.max(attentionMs, kvMs),
  };
}

export function sumOf(bounds: readonly Bounds[]): Bounds {
  const sum = (of: (each: Bounds) => number) => bounds.reduce((all, each) => all + of(each), 0);
  return {
    matmulMs: sum(({ matmulMs }) => matmulMs),
    attentionMs: sum(({ attentionMs }) => attentionMs),
    bandwidthMs: sum(({ bandwidthMs }) => bandwidthMs),
    totalMs: sum(({ totalMs }) => totalMs),
  };
}
