/** `hidden_states` of the OpenAI routes' choices: one row, whichever was asked for. */
import type { HiddenStatesMode } from '../../core/hidden-states.js';
import type { Generation } from '../../engine/generation.js';
import type { GenerateRequest } from '../../engine/request.js';
import { LazyNumbers } from '../../http/large-json.js';

/** As the answer shows no more than one row of each sample, no more is computed for it. */
export function lastRowsOf(generate: GenerateRequest): GenerateRequest {
  const entries = generate.entries.map((entry) =>
    entry.hiddenStates === null ? entry : { ...entry, hiddenStates: 'last' as const },
  );
  return { ...generate, entries };
}

/** The addition to a whole choice. */
export function hiddenOfChoice(
  generation: Generation,
  wants: HiddenStatesMode | null,
): { readonly hidden_states?: unknown } {
  const hidden = wants === null ? null : choiceHidden(generation, wants);
  return hidden === null ? {} : { hidden_states: hidden };
}

/** The row that the last token was drawn from. `full` has none where that is the prompt's, as in SGLang. */
function choiceHidden(
  { hidden, outputIds }: Generation,
  wants: HiddenStatesMode,
): LazyNumbers | readonly [] | null {
  if (wants === 'full' && outputIds.length <= 1) return [];
  const row = hidden?.last(outputIds.length) ?? null;
  return row === null ? null : new LazyNumbers(row);
}
