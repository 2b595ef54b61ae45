import type { PreparedModel } from '../model/graph/contract.js';
import type { KvScales } from '../model/kv-scales.js';
import { CALIBRATION_TEXTS } from './calibration-texts.js';
import type { LoadContext } from './load-context.js';
import { readTexts, type TextLimits } from './read-texts.js';
import { ROUNDING_TEXTS } from './rounding-texts.js';

/**
 * Scales for a cache of integers, from what the model makes of a few texts of many kinds; null without a tokenizer.
 * The same weights and tokenizer give the same scales.
 *
 * @param folders models or folders where a tokenizer may lie: the first that has one is taken
 */
export async function calibrateOnText(
  calibrate: LoadContext['calibrate'],
  model: PreparedModel,
  folders: readonly string[],
): Promise<KvScales | null> {
  const prompts = await readTexts(CALIBRATION_TEXTS, 'first', folders, model.spec);
  return prompts && calibrate(model, prompts);
}

/** What a model reads while its weights are rounded to four bits; null without a tokenizer. */
export function roundingTexts(
  folders: readonly string[],
  limits: TextLimits,
): Promise<readonly Int32Array[] | null> {
  return readTexts([...CALIBRATION_TEXTS, ...ROUNDING_TEXTS], 'all', folders, limits);
}
