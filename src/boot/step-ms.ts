import type { ModelSpec } from '../core/model-spec.js';

/** What a decode row of a model alone takes: its weights once, and the small operators of each layer (decision 0016). */
const BYTES_PER_MS = 43e6;
const MS_PER_LAYER = 0.1;

/** Milliseconds of a step that decodes one request, on the machine of the record. Of experts only the chosen are read. */
export function stepMs({
  weightBytes,
  numLayers,
  moe,
}: Pick<ModelSpec, 'weightBytes' | 'numLayers' | 'moe'>): number {
  const share = moe === null ? 1 : moe.topK / moe.numExperts;
  return (weightBytes * share) / BYTES_PER_MS + MS_PER_LAYER * numLayers;
}
