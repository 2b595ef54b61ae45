import type { Embedding } from './embed.js';

export interface RerankRequest {
  readonly query: string;
  readonly documents: readonly string[];
  /** The best so many; Infinity = all. */
  readonly topN: number;
  /** What is to be judged, for a template that asks; null = as the template says. */
  readonly instruct: string | null;
}

/** A document's place in the request, and what the model says of it. */
export interface Scored {
  readonly index: number;
  readonly score: number;
  readonly answer: Omit<Embedding, 'values'>;
}
