import type { PreparedModel } from '../model/graph/contract.js';
import type { KvScales } from '../model/kv-scales.js';
import { openSource } from '../model/source/registry.js';
import { Tokenizer } from '../text/tokenizer.js';
import { CALIBRATION_TEXTS } from './calibration-texts.js';
import type { LoadContext } from './load-context.js';

/** Most tokens of a text that are run: longer ones show nothing new. */
const PROMPT_TOKENS = 512;

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
  const tokenizer = await firstTokenizer(folders);
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

async function firstTokenizer(folders: readonly string[]): Promise<Tokenizer | null> {
  for (const folder of folders) {
    const tokenizer = await Tokenizer.load(openSource(folder).tokenizer).catch(() => null);
    if (tokenizer !== null) return tokenizer;
  }
  return null;
}
