import { ADMIN_OPERATIONS } from './admin.js';
import { ANTHROPIC_OPERATIONS } from './anthropic.js';
import { OLLAMA_OPERATIONS } from './ollama.js';
import type { Operation } from './operation.js';
import { RESPONSES_OPERATIONS } from './responses.js';
import { STATE_OPERATIONS } from './state.js';
import { TEXT_OPERATIONS } from './text.js';
import { VECTOR_OPERATIONS } from './vectors.js';

/**
 * What the document says of each route, by method and path. Whoever adds a route adds its line: a test asks for it. Of a
 * route that ends with `*` there is a line for every form of what the star may be.
 */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...TEXT_OPERATIONS,
  ...VECTOR_OPERATIONS,
  ...STATE_OPERATIONS,
  ...ADMIN_OPERATIONS,
  ...ANTHROPIC_OPERATIONS,
  ...RESPONSES_OPERATIONS,
  ...OLLAMA_OPERATIONS,
};
