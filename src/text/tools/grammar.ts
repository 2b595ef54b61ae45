/** What forces calls into a format: grammars that its reader can always read. */
import type { GrammarSpec, Structure } from '../../core/grammar.js';
import type { ToolFormat } from './format.js';
import { jsonArray } from './json-array.js';
import type { ToolFunction } from './pieces.js';

export interface CallWish {
  /** True = the answer must call; else it may, and what it calls is bound by a strict schema. */
  readonly isForced: boolean;
  /** Several calls in one answer are wanted. */
  readonly isParallel: boolean;
}

/** The format that an answer is read as, and what it must match; null = anything. */
export interface BoundCalls {
  readonly format: ToolFormat;
  readonly spec: GrammarSpec | null;
}

const ANY_ARGUMENTS = { type: 'object' };
const NO_ARGUMENTS = { type: 'object', properties: {}, additionalProperties: false };

/**
 * Calls of these functions, in the model's own format where that can be forced, else as a list. An answer that need
 * not call is bound only where a function is strict and the format can be forced, as in SGLang. The arguments of a
 * forced call follow its schema, also where it is not strict (SGLang: any object), so that no caller's validation
 * fails; a schema that no grammar holds binds nothing then.
 * @param format null = the model has none that is known
 */
export function boundCalls(
  format: ToolFormat | null,
  functions: readonly ToolFunction[],
  wish: CallWish,
): BoundCalls | null {
  if (format?.frame != null) {
    const isBound = wish.isForced || functions.some(({ strict }) => strict);
    return { format, spec: isBound ? structural(format.frame, functions, wish) : null };
  }
  if (wish.isForced) return { format: jsonArray, spec: listOf(functions, wish) };
  return format === null ? null : { format, spec: null };
}

function structural(
  frame: NonNullable<ToolFormat['frame']>,
  functions: readonly ToolFunction[],
  { isForced, isParallel }: CallWish,
): GrammarSpec {
  const frames = functions.map(({ name }) => frame(name));
  const structures = functions.map((one, i): Structure => {
    const { begin = '', end = '', tags } = frames[i] ?? {};
    const schema = isForced || one.strict ? (one.parameters ?? NO_ARGUMENTS) : ANY_ARGUMENTS;
    const common = { begin, schema: JSON.stringify(schema), isLenient: !one.strict, end };
    return tags === undefined ? common : { ...common, tags };
  });
  return {
    kind: 'structural',
    structures,
    triggers: [...new Set(frames.map(({ trigger }) => trigger))],
    atLeastOne: isForced,
    stopAfterFirst: !isParallel,
  };
}

/** `[{"name": …, "parameters": …}, …]` */
function listOf(functions: readonly ToolFunction[], { isParallel }: CallWish): GrammarSpec {
  const schema = {
    type: 'array',
    minItems: 1,
    ...(isParallel ? {} : { maxItems: 1 }),
    items: { anyOf: functions.map(callSchema) },
    ...definitionsOf(functions),
  };
  return { kind: 'json', schema: JSON.stringify(schema) };
}

function callSchema({ name, parameters }: ToolFunction): object {
  return {
    type: 'object',
    properties: {
      name: { type: 'string', enum: [name] },
      parameters: parameters ?? NO_ARGUMENTS,
    },
    required: ['name', 'parameters'],
    additionalProperties: false,
  };
}

/** `$defs` of all schemas: what a reference within one of them means. */
function definitionsOf(functions: readonly ToolFunction[]): object {
  const all = functions.flatMap(({ parameters }) => {
    const schema = parameters as { readonly $defs?: object } | null;
    return Object.entries(schema?.$defs ?? {});
  });
  return all.length === 0 ? {} : { $defs: Object.fromEntries(all) };
}

/** A name that two functions define differently; null = there is none. */
export function ambiguousDefinition(functions: readonly ToolFunction[]): string | null {
  const known = new Map<string, string>();
  for (const { parameters } of functions) {
    const schema = parameters as { readonly $defs?: object } | null;
    for (const [name, definition] of Object.entries(schema?.$defs ?? {})) {
      const text = JSON.stringify(definition);
      if ((known.get(name) ?? text) !== text) return name;
      known.set(name, text);
    }
  }
  return null;
}
