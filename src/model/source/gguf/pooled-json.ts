import { MODULES_FILE } from '../module-path.js';
import type { GgufModel } from './architectures/architecture.js';

/** By the number of `pooling_type`; 0 = none. */
const POOLING: Readonly<Record<number, string>> = { 1: 'mean', 2: 'cls', 3: 'lasttoken' };
/** The scores of a head, whose class says how it pools. */
const RANK = 4;
const FOLDER = '1_Pooling';

/**
 * What a folder of sentence-transformers would have of this name; null = nothing. Files do not say whether vectors are
 * normalised: they are, as in llama.cpp.
 */
export function pooledJson({ name, fields }: GgufModel, file: string): unknown {
  const type = fields.numberOrNull(`${name}.pooling_type`) ?? 0;
  if (type === 0 || type === RANK) return null;
  const mode = POOLING[type] ?? fields.fail(`"${name}.pooling_type" ${type} is not supported`);
  if (file === `${FOLDER}/config.json`) return { pooling_mode: mode };
  if (file !== MODULES_FILE) return null;
  const module = (kind: string, path: string) => ({
    type: `sentence_transformers.models.${kind}`,
    path,
  });
  return [module('Transformer', ''), module('Pooling', FOLDER), module('Normalize', '2_Normalize')];
}
