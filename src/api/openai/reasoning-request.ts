import { refuse, refuseBody } from '../../core/errors.js';
import { FieldReader, preview } from '../../http/field-reader.js';
import { fieldOf, isObject, type JsonObject } from '../../http/json.js';
import { Dict, PyFloat, type Value } from '../../text/jinja/values.js';

/** `reasoning_effort` and its companions. */
export interface ReasoningRequest {
  /** A tier, or a number of [0, 0.99]; null = the model's own. */
  readonly effort: string | number | null;
  /** Whether to think at all; null = the model's own way. */
  readonly isThinking: boolean | null;
  /** `separate_reasoning`: thoughts are not part of the content. */
  readonly isSeparate: boolean;
  /** `stream_reasoning`: thoughts come as they are made. */
  readonly streams: boolean;
}

const TIERS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'ultra', 'max'];
const MAX_EFFORT = 0.99;
const YES = /^\s*(?:1|true|yes|y|on)\s*$/i;

/** @throws RequestError */
export function parseReasoning(body: JsonObject): ReasoningRequest {
  const read = new FieldReader(body, 'INVALID_JSON');
  const reasoning = read.raw('reasoning');
  const nested = isObject(reasoning) ? reasoning : {};
  const effort =
    effortOf(fieldOf(nested, 'effort') ?? fieldOf(nested, 'reasoning_effort')) ??
    effortOf(read.raw('reasoning_effort'));
  const isEnabled = truth(fieldOf(nested, 'enabled') ?? fieldOf(nested, 'enable'));
  return {
    effort,
    isThinking: effort === null ? (isEnabled ? true : null) : effort !== 'none',
    isSeparate: read.boolean('separate_reasoning') ?? true,
    streams: read.boolean('stream_reasoning') ?? true,
  };
}

function effortOf(value: unknown): string | number | null {
  if (value === null) return null;
  if (typeof value === 'boolean') return refuseBody('reasoning_effort must not be a boolean');
  if (typeof value === 'string' && TIERS.includes(value)) return value;
  const effort = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof effort !== 'number' || !(effort >= 0 && effort <= MAX_EFFORT)) {
    const tiers = TIERS.map((tier) => `'${tier}'`).join(', ');
    return refuseBody(
      `reasoning_effort must be ${tiers} or a number from 0 to ${MAX_EFFORT}, got ${preview(value)}.`,
    );
  }
  return effort;
}

function truth(value: unknown): boolean {
  return typeof value === 'string' ? YES.test(value) : value !== null && value !== false;
}

/** Models differ in the name of the switch, so both are set. */
export function thinkingSwitches(isThinking: boolean): readonly [string, Value][] {
  return [
    ['thinking', isThinking],
    ['enable_thinking', isThinking],
  ];
}

/** The request's `chat_template_kwargs` with what it says of thoughts: under its own entries, as in SGLang. */
export function templateKwargs(given: Dict, { effort, isThinking }: ReasoningRequest): Dict {
  const shown: [string, Value][] = [];
  if (effort !== null) {
    shown.push(['reasoning_effort', typeof effort === 'number' ? new PyFloat(effort) : effort]);
  }
  if (isThinking !== null) shown.push(...thinkingSwitches(isThinking));
  return Dict.of([...shown, ...given.entries()]);
}

/** Harmony has no way not to think. @throws RequestError */
export function checkEffort(effort: unknown, parser: string | null): void {
  if (parser === 'gpt-oss' && effort === 'none') {
    refuse('Harmony does not support reasoning effort none');
  }
}
