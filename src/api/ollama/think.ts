import { refuse } from '../../core/errors.js';
import { preview } from '../../http/field-reader.js';
import type { ModelParsers } from '../../text/model-parsers.js';
import { Dict, type Value } from '../../text/jinja/values.js';
import { thinkingSwitches } from '../openai/reasoning-request.js';
import { LEVELS } from './fields.js';
import { refuseAbility } from './model-name.js';

/** `think` of a request. */
export interface Think {
  /** Thoughts are a part of the answer. */
  readonly isShown: boolean;
  /** What the chat body says of it. */
  readonly fields: Readonly<Record<string, Value>>;
}

/** Left out, the model thinks as its template has it. @throws RequestError in Ollama's words */
export function parseThink(
  think: unknown,
  name: string,
  { reasoning, toggle }: ModelParsers,
): Think {
  if (think === null) return { isShown: true, fields: {} };
  const level = LEVELS.find((one) => one === think);
  if (level === undefined && typeof think !== 'boolean') {
    const list = LEVELS.map((one) => `"${one}"`).join(', ');
    return refuse(`invalid think value: ${preview(think)} (must be ${list}, true, or false)`);
  }
  if (reasoning === null) {
    return think === false ? { isShown: false, fields: {} } : refuseAbility(name, 'thinking');
  }
  if (level !== undefined) return { isShown: true, fields: { reasoning_effort: level } };
  const isOn = think === true;
  const isByEffort = toggle?.kind === 'effort';
  return {
    isShown: isOn,
    fields:
      isByEffort && !isOn
        ? { reasoning_effort: 'none' }
        : { chat_template_kwargs: Dict.of(thinkingSwitches(isOn)) },
  };
}
