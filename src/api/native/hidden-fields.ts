import { refuse, RequestError } from '../../core/errors.js';
import type { HiddenStatesMode } from '../../core/hidden-states.js';
import { coerceBoolean } from '../../http/coerce.js';
import { fieldOf, type JsonObject } from '../../http/json.js';
import type { BatchShape } from './logprob-fields.js';

const FIELD = 'return_hidden_states';

/**
 * One entry per prompt, null where no hidden states are wanted.
 *
 * @param most what the server gives out; null = nothing
 * @throws RequestError
 */
export function parseHiddenStates(
  body: JsonObject,
  shape: BatchShape,
  most: HiddenStatesMode | null,
): readonly (HiddenStatesMode | null)[] {
  const modes = modesOf(fieldOf(body, FIELD), shape);
  for (const mode of modes) checkAllowed(mode, most);
  return modes;
}

function modesOf(value: unknown, shape: BatchShape): readonly (HiddenStatesMode | null)[] {
  const isSingle = !shape.isBatch && shape.n === 1;
  if (!Array.isArray(value) || isSingle) {
    const mode = hiddenMode(value);
    return Array.from({ length: shape.numPrompts }, () => mode);
  }
  if (value.length !== shape.numPrompts) {
    refuse('The length of return_hidden_states should be equal to the batch size.');
  }
  return value.map(hiddenMode);
}

/** One value of the field; what FastAPI takes for a boolean counts as one. @throws RequestError */
export function hiddenMode(value: unknown): HiddenStatesMode | null {
  if (value === null) return null;
  if (value === 'last') return 'last';
  const isWanted = coerceBoolean(value);
  if (isWanted === undefined) {
    throw new RequestError(
      'INVALID_JSON',
      "return_hidden_states must be a boolean or the string literal 'last'.",
    );
  }
  return isWanted ? 'full' : null;
}

function checkAllowed(mode: HiddenStatesMode | null, most: HiddenStatesMode | null): void {
  if (mode === null || most === 'full' || mode === most) return;
  if (most === null) {
    refuse(
      'The server is not configured to return hidden states. Please set `--return-hidden-states-mode last`, ' +
        '`--return-hidden-states-mode full`, or the legacy `--enable-return-hidden-states` flag.',
    );
  }
  refuse(
    'The requested return_hidden_states mode exceeds the server maximum `last`. ' +
      'Please launch with `--return-hidden-states-mode full` to allow return_hidden_states=True.',
  );
}
