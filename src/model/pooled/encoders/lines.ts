import type { ConfigFields } from '../../families/config-fields.js';
import type { PooledFamily } from '../family.js';
import type { PooledTrunk } from '../pooled-plan.js';

/** An encoder in the classes that a checkpoint of it may be saved from. */
export interface EncoderLine {
  /** Class name without `Model` or `ForSequenceClassification`. */
  readonly name: string;
  readonly trunk: (fields: ConfigFields, architecture: string) => PooledTrunk;
  readonly classifier: NonNullable<PooledFamily['classifier']> | null;
  /** Of the classifier; default: the first token. */
  readonly pooling?: PooledFamily['pooling'];
}

/**
 * As an embedder, from the class without a head and from the one that was trained to fill in words, whose head is not
 * read; and as a cross-encoder or classifier.
 */
export function encoderClasses(line: EncoderLine): readonly PooledFamily[] {
  const { name, trunk, classifier, pooling = 'cls' } = line;
  const family = (ending: string, more: Pick<PooledFamily, 'pooling' | 'classifier'>) => {
    const architecture = name + ending;
    return { architecture, trunk: (fields: ConfigFields) => trunk(fields, architecture), ...more };
  };
  return [
    family('Model', { pooling: 'cls', classifier: null }),
    family('ForMaskedLM', { pooling: 'cls', classifier: null }),
    ...(classifier === null ? [] : [family('ForSequenceClassification', { pooling, classifier })]),
  ];
}
