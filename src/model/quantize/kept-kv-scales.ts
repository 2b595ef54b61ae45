import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ModelSpec } from '../../core/model-spec.js';
import type { NamedFiles } from '../../core/named-files.js';
import { writeWhole } from '../../core/owned-drafts.js';
import type { KvScales } from '../kv-scales.js';
import { readRegularText } from '../source/regular-file.js';

/** Raise it whenever the same model would give other scales: another text, another rule. */
const CALIBRATION_VERSION = 1;
const PRIVATE_FILE = 0o600;

type KvShape = Pick<ModelSpec, 'numLayers' | 'numKvHeads' | 'headDim'>;

interface KeptScales {
  readonly scales: KvScales;
  /** sha256 of the scales as JSON, hex. */
  readonly digest: string;
}

/**
 * Scales that an earlier start measured with these weights, this tokenizer and this context length, or what `measure`
 * gives, kept for the next one where the folder can be written.
 */
export async function keptKvScales(
  { folder, tokenizer }: { readonly folder: string; readonly tokenizer: NamedFiles },
  spec: KvShape & Pick<ModelSpec, 'contextLength'>,
  measure: () => Promise<KvScales | null>,
): Promise<KvScales | null> {
  const path = join(folder, await fileName(tokenizer, spec));
  const kept = await readScales(path, spec);
  if (kept !== null) return kept;
  const scales = await measure();
  if (scales !== null) await keepScales(path, scales).catch(() => undefined);
  return scales;
}

/** The tokens of the text decide: the tokenizer's, as many as the context takes. It chooses LongRoPE's factors too. */
async function fileName(
  tokenizer: NamedFiles,
  { contextLength }: Pick<ModelSpec, 'contextLength'>,
): Promise<string> {
  const text = await tokenizer.read('tokenizer.json');
  const digest = text === null ? '' : createHash('sha256').update(text).digest('hex');
  const key = JSON.stringify([CALIBRATION_VERSION, digest, contextLength]);
  return `kv-scales-${createHash('sha256').update(key).digest('hex').slice(0, 16)}.json`;
}

/** Null when there are none, or other than were written. */
async function readScales(
  path: string,
  { numLayers, numKvHeads, headDim }: KvShape,
): Promise<KvScales | null> {
  try {
    const { scales, digest } = JSON.parse(await readRegularText(path)) as KeptScales;
    const fits =
      scales.length === numLayers && scales.every(({ key }) => key.length === numKvHeads * headDim);
    return fits && digest === digestOf(scales) ? scales : null;
  } catch {
    return null;
  }
}

async function keepScales(path: string, scales: KvScales): Promise<void> {
  const kept: KeptScales = { scales, digest: digestOf(scales) };
  await writeWhole(path, (draft) =>
    writeFile(draft, JSON.stringify(kept), { flag: 'wx', mode: PRIVATE_FILE }),
  );
}

function digestOf(scales: KvScales): string {
  return createHash('sha256').update(JSON.stringify(scales)).digest('hex');
}
