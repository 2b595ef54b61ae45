import type { QuantizedFormat } from '../../core/model-spec.js';
import type { ModelConfig } from '../families/model-config.js';
import { cacheKey } from './cache-key.js';
import {
  hashSources,
  keptWeights,
  type QuantizeDeps,
  type QuantizedWeights,
} from './kept-weights.js';
import type { ProductSums } from './product-sums.js';
import { planQuantization, type RecipeInput } from './recipe.js';

export interface QuantizeInput extends RecipeInput {
  readonly config: ModelConfig;
  /** Whether what is made of the checkpoint stays in the cache. */
  readonly isKept: boolean;
}

/**
 * Takes a quantised checkpoint from the disk cache, or makes it, in parallel, and keeps it there; without
 * `isKept` it is made in a temporary folder.
 */
export async function quantizedWeights(
  input: QuantizeInput,
  format: QuantizedFormat,
  deps: QuantizeDeps,
): Promise<QuantizedWeights> {
  const { plan, checkpoint, config, target, kept, texts, isKept } = input;
  const { headDim, numKvHeads } = config;
  const sums = await sumsOf(input, format, deps);
  const facts = { format, plan, headDim, numKvHeads, checkpoint, target, kept, texts, sums };
  const sources = isKept ? await hashSources(checkpoint, deps) : [];
  const making = {
    sources,
    key: isKept ? cacheKey(facts, sources) : null,
    plan: (file: string) => planQuantization({ ...input, sums }, format, file),
    ...(texts !== null && !('trunk' in plan) && { calibration: { config, plan, texts } }),
  };
  return keptWeights(making, deps);
}

/** What is asked for once it matters. */
async function sumsOf(
  { target }: QuantizeInput,
  format: QuantizedFormat,
  { productSums }: QuantizeDeps,
): Promise<ProductSums> {
  const isRead = format === 'w8a8_int8' && target.device === 'cpu' && productSums !== undefined;
  return isRead ? productSums() : 'pairs';
}
