import type { KvLayer } from '../../core/model-spec.js';
import { headsOf } from '../plan/facts.js';
import type { HeadSizes } from '../plan/attention.js';
import type { TrunkPlan } from '../plan/network.js';
import { headLayout } from './head-layout.js';

/** The layers that have keys and values of their own, and how those lie in the cache. */
export function kvLayers(config: HeadSizes, { layers }: TrunkPlan): readonly KvLayer[] {
  return layers.flatMap(({ index, attention }) => {
    if (attention === null || attention.sharesKv !== undefined) return [];
    const { numKvHeads, headDim } = headsOf(config, attention);
    const own = { layer: index, numKvHeads, headDim: headLayout(headDim).cacheHeadDim };
    const kv = attention.latent?.absorbed ? { ...own, keysAreValues: true } : own;
    const readers = layers
      .filter((layer) => layer.attention?.sharesKv === index)
      .map((layer) => layer.index);
    return [readers.length === 0 ? kv : { ...kv, readers }];
  });
}
