import type { PreparedModel } from '../model/graph/contract.js';
import type { KvScales } from '../model/kv-scales.js';
import { Tokenizer } from '../text/tokenizer.js';
import { CALIBRATION_TEXTS } from './calibration-texts.js';
import type { LoadContext } from './load-context.js';

/** Most tokens of a text that are run: longer ones show nothing new. */
const PROMPT_TOKENS = 512;

/**
 * Scales for a cache of integers, from what the model makes of a few texts of many kinds; null without a tokenizer.
 * The same weights and tokenizer give the same scales.
 */
export async function calibrateOnText(
  calibrate: LoadContext['calibrate'],
  model: PreparedModel,
  tokenizerFolder: string,
): Promise<KvScales | null> {
  const tokenizer = await Tokenizer.load(tokenizerFolder).catch(() => null);
  if (tokenizer === null) return null;
  const { contextLength, vocabSize } = model.spec;
  const prompts: Int32Array[] = [];
  for (const text of CALIBRATION_TEXTS) {
    const ids = [...(await tokenizer.encode(text))].filter((id) => id < vocabSize);
    const prompt = Int32Array.from(ids.slice(0, Math.min(PROMPT_TOKENS, contextLength)));
    if (prompt.length > 0) prompts.push(prompt);
  }
  return prompts.length === 0 ? null : calibrate(model, prompts);
}
