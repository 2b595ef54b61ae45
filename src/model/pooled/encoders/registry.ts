import type { PooledFamily } from '../family.js';
import { BERT_LINES } from './bert.js';

/** Every encoder, in the classes that it may be saved from. */
export const ENCODERS: readonly PooledFamily[] = [...BERT_LINES];
