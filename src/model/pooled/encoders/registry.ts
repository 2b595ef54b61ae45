import type { PooledFamily } from '../family.js';
import { BERT_LINES } from './bert.js';
import { DEBERTA } from './deberta.js';
import { DISTILBERT } from './distilbert.js';
import { GTE } from './gte.js';
import { JINA_BERT } from './jina-bert.js';
import { MODERNBERT } from './modernbert.js';
import { MPNET } from './mpnet.js';
import { NOMIC } from './nomic.js';

/** Every encoder, in the classes that it may be saved from. */
export const ENCODERS: readonly PooledFamily[] = [
  ...BERT_LINES,
  ...DEBERTA,
  ...DISTILBERT,
  ...GTE,
  ...JINA_BERT,
  ...MODERNBERT,
  ...MPNET,
  ...NOMIC,
];
