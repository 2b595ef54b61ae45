import { refuse } from '../../core/errors.js';
import type { ModelParsers } from '../../text/model-parsers.js';
import { Dict, type Value } from '../../text/jinja/values.js';
import { thinkingSwitches } from '../openai/reasoning-request.js';
import { DISPLAYS, EFFORTS, MIN_BUDGET } from './fields.js';
import type { Part } from './part.js';

export interface ThinkingContext {
  readonly parsers: ModelParsers;
  /** Null where tokens are only counted. */
  readonly maxTokens: number | null;
  /** The answer continues a text, so no thought can come before it. */
  readonly isContinued: boolean;
}

/** What a body says of thoughts. */
export interface Thinking {
  /** Fields of a chat body. */
  readonly fields: Readonly<Record<string, Value>>;
  /** `display: "omitted"`: blocks of thoughts come without their text. */
  readonly isOmitted: boolean;
}

/** `thinking` and `output_config.effort`. @throws RequestError */
export function parseThinking(body: Part, context: ThinkingContext): Thinking {
  const given = body.child('thinking');
  const type = given?.word('type', ['enabled', 'adaptive', 'disabled']) ?? null;
  if (given !== null && type === null) given.missing('type');
  const budget = given === null ? null : budgetOf(given, type === 'enabled', context);
  const display = given?.word('display', DISPLAYS) ?? null;
  const effort = body.child('output_config')?.word('effort', EFFORTS) ?? null;
  const isOn = wanted(type, context);
  if (type !== null) checkModel(type, context.parsers);
  const kwargs = Dict.of([...effortKwargs(effort), ...switchKwargs(isOn, context.parsers, effort)]);
  return {
    fields: {
      chat_template_kwargs: kwargs.size === 0 ? null : kwargs,
      max_thinking_tokens: budget,
    },
    isOmitted: display === 'omitted',
  };
}

/** Whether to think; null = the model's own way. */
function wanted(type: string | null, { isContinued, parsers }: ThinkingContext): boolean | null {
  if (type === 'enabled' && isContinued) {
    refuse(
      'messages: when `thinking` is enabled, the last message cannot be one of the assistant: ' +
        'an answer that continues a text has no thoughts',
    );
  }
  if (parsers.reasoning === null) return null;
  if (type === null) return isContinued ? false : null;
  return type !== 'disabled' && !isContinued;
}

function budgetOf(given: Part, isEnabled: boolean, { maxTokens }: ThinkingContext): number | null {
  const budget = given.integer('budget_tokens');
  if (!isEnabled) return budget === null ? null : given.fail('budget_tokens needs type `enabled`');
  if (budget === null) return given.missing('budget_tokens');
  if (budget < MIN_BUDGET) {
    refuse(`${given.at('budget_tokens')}: Input should be greater than or equal to ${MIN_BUDGET}`);
  }
  if (maxTokens !== null && budget >= maxTokens) {
    refuse('`max_tokens` must be greater than `thinking.budget_tokens`');
  }
  return budget;
}

/** As in SGLang; but `adaptive` leaves it to the model whether it thinks, so one that cannot just answers. */
function checkModel(type: string, { reasoning, toggle }: ModelParsers): void {
  if (type === 'enabled' && reasoning === null) {
    refuse('thinking is not supported for models without a reasoning parser');
  }
  if (type === 'disabled' && reasoning !== null && toggle?.kind === 'always') {
    refuse(`thinking cannot be disabled: this model (${reasoning}) always thinks`);
  }
}

/** `effort` is for the template alone: it turns no thoughts on. `xhigh` is `max`, as in SGLang. */
function effortKwargs(effort: string | null): readonly [string, Value][] {
  return effort === null ? [] : [['reasoning_effort', effort === 'xhigh' ? 'max' : effort]];
}

/** The switch by the name that the template gives it, where it does. */
function switchKwargs(
  isOn: boolean | null,
  { toggle }: ModelParsers,
  effort: string | null,
): readonly [string, Value][] {
  if (isOn === null || toggle?.kind === 'always') return [];
  if (toggle?.kind === 'variable') return [[toggle.name, isOn]];
  if (toggle?.kind === 'effort') {
    if (isOn) return effort === null ? [['reasoning_effort', 'medium']] : [];
    return [['reasoning_effort', 'none']];
  }
  return thinkingSwitches(isOn);
}
