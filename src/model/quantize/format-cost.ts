import type { KeptCount } from '../../core/kept-count.js';
import { basename } from 'node:path';

import type { ModelSpec, WeightFormat } from '../../core/model-spec.js';
import { CPU_TARGET, type ModelTarget } from '../target.js';

interface FormatCost {
  /** Of the answers' distributions against float32, nats per token. */
  readonly kl: number;
  /** How often the likeliest token is float32's, 0 to 1. */
  readonly sameTop1: number;
}

/** The model that the figures are of. */
const MEASURED_MODEL = 'SmolLM2-135M-Instruct';

/** By test/bench/quality; the records are docs/decisions/0002-weight-formats.md and 0023-compensated-rounding.md. */
const MEASURED: Readonly<Record<Exclude<WeightFormat, 'none'>, FormatCost>> = {
  w8a8_int8: { kl: 0.0089, sameTop1: 0.935 },
  int8: { kl: 0.002, sameTop1: 0.973 },
  int4: { kl: 0.0571, sameTop1: 0.852 },
};

/** Of `int4` without a tokenizer, and of a GPU's, which is not rotated, in blocks of 16. */
const MEASURED_TO_NEAREST: FormatCost = { kl: 0.2797, sameTop1: 0.685 };
const MEASURED_UNROTATED: FormatCost = { kl: 0.196, sameTop1: 0.738 };

/** With K and V in int8 too: docs/decisions/0015-kv-in-int8.md. */
const MEASURED_WITH_CACHE: Partial<Record<WeightFormat, FormatCost>> = {
  w8a8_int8: { kl: 0.0106, sameTop1: 0.932 },
};

/**
 * What a quantised format, and a cache of integers beside it, cost in quality, as a line for the log; null where no
 * weight is rounded.
 *
 * @param modelPath as the user wrote it: whether this model is the measured one goes by its last part
 * @param target a GPU rounds in other blocks than the figures are of
 * @param isCompensated of linears in four bits; null = none are rounded to them
 */
export function formatCost(
  { format, kvType }: Pick<ModelSpec, 'format' | 'kvType'>,
  modelPath: string,
  target: ModelTarget = CPU_TARGET,
  isCompensated: boolean | null = true,
): string | null {
  if (format === 'none') return null;
  const hasCache = kvType === 'i8';
  const withCache = hasCache ? MEASURED_WITH_CACHE[format] : undefined;
  const { kl, sameTop1 } = withCache ?? weightCost(format, target, isCompensated);
  const how = isCompensated === false ? `${format}, rounded to nearest` : format;
  const what = hasCache ? `${how} and K and V in int8` : how;
  const isMeasured =
    basename(modelPath).toLowerCase() === MEASURED_MODEL.toLowerCase() &&
    target.blockSize === CPU_TARGET.blockSize;
  const lacking = hasCache && withCache === undefined ? 'not measured with such a cache; ' : '';
  const unmeasured = isMeasured ? '' : `not measured on this model${inBlocks(target)}; `;
  const figures = `KL ${kl.toFixed(4)} to float32, ${(sameTop1 * 100).toFixed(1)} % same top-1`;
  return `Linear layers in ${what} (${lacking}${unmeasured}${figures} on ${MEASURED_MODEL}); --quantization none for evaluations.`;
}

function weightCost(
  format: Exclude<WeightFormat, 'none'>,
  { device }: ModelTarget,
  isCompensated: boolean | null,
): FormatCost {
  if (format !== 'int4') return MEASURED[format];
  if (device !== 'cpu') return MEASURED_UNROTATED;
  return isCompensated === false ? MEASURED_TO_NEAREST : MEASURED.int4;
}

/** By test/bench/embed/quality on its sentences: docs/decisions/0026-embedding-against-openvino.md. */
const MEASURED_EMBEDDER = 'all-MiniLM-L6-v2';
const MEASURED_VECTORS: Partial<Record<WeightFormat, { readonly cosine: number }>> = {
  w8a8_int8: { cosine: 0.9994 },
  int8: { cosine: 0.9998 },
};

/** What a quantised format costs a model that answers with vectors, as a line for the log; null where nothing is rounded. */
export function vectorCost(
  { format }: Pick<ModelSpec, 'format'>,
  modelPath: string,
): string | null {
  const measured = MEASURED_VECTORS[format];
  if (measured === undefined) return null;
  const isMeasured = basename(modelPath).toLowerCase() === MEASURED_EMBEDDER.toLowerCase();
  const unmeasured = isMeasured ? '' : 'not measured on this model; ';
  return (
    `Linear layers in ${format} (${unmeasured}vectors have a mean cosine of ${measured.cosine.toFixed(4)} to float32's on ` +
    `${MEASURED_EMBEDDER}); --quantization none for evaluations.`
  );
}

/** The same of a model some of whose linears are as the checkpoint has them. */
export function keptCost(
  { format }: Pick<ModelSpec, 'format'>,
  { kept, of, byKind = {} }: KeptCount,
): string {
  const kinds = Object.entries(byKind).filter(([, [count]]) => count > 0);
  const which = kinds.map(([kind, [count, all]]) => `${kind} ${count} of ${all}`).join(', ');
  return (
    `Linear layers in ${format}, ${kept} of ${of} with the checkpoint's own codes${which && ` (${which})`}, ` +
    'where only what goes in is rounded; --quantization none for evaluations.'
  );
}

function inBlocks({ blockSize }: ModelTarget): string {
  return blockSize === CPU_TARGET.blockSize ? '' : ` in blocks of ${blockSize}`;
}
