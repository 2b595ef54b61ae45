import type { Generation } from '../../engine/generation.js';
import { LazyNumbers } from '../../http/large-json.js';

/**
 * `meta_info.hidden_states`: the rows of the prompt as one item, then one row for each token of the answer but the
 * first; or, asked for by `"last"`, the row that the last token was drawn from. Empty when none were asked for.
 */
export function renderHidden(generation: Generation): Readonly<Record<string, unknown>> {
  const { hidden, outputIds } = generation;
  if (hidden === null) return {};
  if (hidden.mode === 'last') {
    const row = hidden.last(outputIds.length);
    return row === null ? {} : { hidden_states: new LazyNumbers(row) };
  }
  const { prompt } = hidden;
  if (prompt.length === 0) return { hidden_states: [] };
  return { hidden_states: [prompt.map(lazy), ...hidden.outputs(outputIds.length).map(lazy)] };
}

function lazy(row: Float32Array): LazyNumbers {
  return new LazyNumbers(row);
}
