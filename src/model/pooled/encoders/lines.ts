import type { ConfigFields } from '../../families/config-fields.js';
import type { PooledFamily } from '../family.js';
import type { PooledTrunk } from '../pooled-plan.js';
import { tokenHead } from './heads.js';

/** An encoder in the classes that a checkpoint of it may be saved from. */
export interface EncoderLine {
  /** Class name without `Model` or `ForSequenceClassification`. */
  readonly name: string;
  readonly trunk: (fields: ConfigFields, architecture: string) => PooledTrunk;
  readonly classifier: NonNullable<PooledFamily['classifier']> | null;
  /** Of the classifier; default: the first token. */
  readonly pooling?: PooledFamily['pooling'];
  /** Of the class that labels tokens; default: a linear. */
  readonly tokens?: NonNullable<PooledFamily['classifier']>;
  readonly words?: NonNullable<PooledFamily['words']> | null;
}

/**
 * As an embedder, from the class without a head and from the one that was trained to fill in words, whose head is not
 * read where words are not asked for; as a cross-encoder or classifier; and as one of tokens.
 */
export function encoderClasses(line: EncoderLine): readonly PooledFamily[] {
  const { name, trunk, classifier, pooling = 'cls', tokens = tokenHead, words = null } = line;
  const family = (ending: string, more: Omit<PooledFamily, 'architecture' | 'trunk'>) => {
    const architecture = name + ending;
    return { architecture, trunk: (fields: ConfigFields) => trunk(fields, architecture), ...more };
  };
  return [
    family('Model', { pooling: 'cls', classifier: null }),
    family('ForMaskedLM', { pooling: 'cls', classifier: null, words }),
    family('ForTokenClassification', { pooling: 'tokens', classifier: tokens }),
    ...(classifier === null ? [] : [family('ForSequenceClassification', { pooling, classifier })]),
  ];
}
