import type { ModelSpec, WeightFormat } from '../core/model-spec.js';
import type { Cost, DraftModelCosts, RowCosts } from '../core/speculation.js';
import { stepMs } from './step-ms.js';

/** Weights that a row multiplies in a millisecond, in a run of a few rows. */
const WEIGHTS_PER_MS = 270e6;
/** In one of many. */
const TEXT_WEIGHTS_PER_MS = 500e6;
/** About. */
const BYTES_PER_WEIGHT: Readonly<Record<WeightFormat, number>> = {
  none: 4,
  w8a8_int8: 1,
  int8: 1,
  int4: 0.56,
};

type RowKind = Exclude<keyof RowCosts, 'draftModel'>;

/** What a layer adds to a row beside its products: milliseconds, and more for each key. */
const LAYER_MS: Readonly<Record<RowKind, Cost>> = {
  decodeRow: { base: 0.012, perKey: 28e-6 },
  draftRow: { base: 0.008, perKey: 22e-6 },
  draftSequence: { base: 0.027, perKey: 67e-6 },
};

/**
 * What rows of a model cost beside each other, by its sizes (decision 0016). Null where a verification has other bits
 * than a decode row: then nobody may ask.
 */
export function rowCosts(
  spec: ModelSpec,
  draftModel: DraftModelCosts | null = null,
): RowCosts | null {
  if (spec.kvType !== 'i8') return null;
  const alone = stepMs(spec);
  const products = productsMs(spec);
  const costOf = (kind: RowKind, ownMs: number): Cost => ({
    base: (ownMs + LAYER_MS[kind].base * spec.numLayers) / alone,
    perKey: (LAYER_MS[kind].perKey * spec.numLayers) / alone,
  });
  return {
    draftModel,
    decodeRow: costOf('decodeRow', products),
    draftRow: costOf('draftRow', products),
    draftSequence: costOf('draftSequence', 0),
  };
}

/** A row of a text that a model computes in runs of many rows. */
export function textRowMs({ weightBytes, format }: ModelSpec): number {
  return weightBytes / BYTES_PER_WEIGHT[format] / TEXT_WEIGHTS_PER_MS;
}

/** One more row. Where layers route, it reads experts of its own: as much as a step alone. */
function productsMs({ weightBytes, format, moe }: ModelSpec): number {
  if (moe !== null) return stepMs({ weightBytes, numLayers: 0, moe });
  return weightBytes / BYTES_PER_WEIGHT[format] / WEIGHTS_PER_MS;
}
