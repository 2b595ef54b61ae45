/** Calls whose arguments are bare text between tags: their schema says what they are. */
import type { ArgumentTags } from '../../core/grammar.js';
import { quoted } from '../scan/json-value.js';
import type { Reading } from '../scan/input.js';
import type { CallReading } from './format.js';
import type { ToolFunction } from './pieces.js';
import { otherPropertiesOf, propertiesOf, typesOf } from './schema.js';
import { TextArgument } from './text-argument.js';
import { typedValue } from './typed-value.js';

/** How arguments are written and what they mean. */
export interface UntypedArguments extends ArgumentTags {
  /** What an argument is that no schema describes: text, or whatever its JSON is. */
  readonly unknown: 'text' | 'json';
  /** `null` is the absence of a value, whatever the schema says. */
  readonly hasNull: boolean;
}

const MAX_NAME_CHARS = 256;

/** How a call is written, from its name on. */
export interface CallTags {
  /** Behind the name of the function. */
  readonly nameEnd: string;
  readonly argument: UntypedArguments;
  /** Behind the arguments. */
  readonly end: string;
}

/** One call from its name on; null = it was one, else the text that it is. */
export function* readUntyped(reading: CallReading, tags: CallTags): Reading<string | null> {
  const { input, out, tools } = reading;
  input.hold();
  const name = yield* input.word([tags.nameEnd], MAX_NAME_CHARS);
  const tool = name === null ? undefined : tools.get(name.trim());
  if (tool === undefined) {
    input.back();
    return '';
  }
  input.release();
  out.call(tool.name);
  yield* readArguments(reading, tool, tags.argument, tags.end);
  return null;
}

/** The arguments of one call up to `end`, which is taken; as JSON to the sink, open where the text was cut off. */
export function* readArguments(
  reading: CallReading,
  tool: ToolFunction,
  tags: UntypedArguments,
  end: string,
): Reading {
  const { input, out } = reading;
  const properties = propertiesOf(tool.parameters);
  const others = otherPropertiesOf(tool.parameters);
  let isFirst = true;
  while ((yield* input.until([tags.open, end], out.text)) === tags.open) {
    const name = yield* input.word([tags.nameEnd], MAX_NAME_CHARS);
    if (name === null) break;
    if (tags.valueOpen !== '') yield* input.word([tags.valueOpen], MAX_NAME_CHARS);
    const key = name.trim();
    out.arguments(`${isFirst ? '{' : ', '}"${quoted(key)}": `);
    isFirst = false;
    const schema = properties.has(key) ? properties.get(key) : others;
    const types = typesOf(schema, tool.parameters);
    const ended = yield* readValue(reading, tags, types);
    if (ended === null) return;
    if (ended !== tags.valueEnd) input.putBack(ended);
  }
  if (!input.isCutOff) out.arguments(isFirst ? '{}' : '}');
}

/** @returns what ended the value; null = the text did */
function* readValue(
  { input, out }: CallReading,
  tags: UntypedArguments,
  types: ReadonlySet<string>,
): Reading<string | null> {
  const value = isText(types, tags)
    ? new TextArgument(out.arguments, tags.trims, tags.hasNull || types.has('null'))
    : new TypedArgument(out.arguments, types, tags);
  const ended = yield* input.until([tags.valueEnd, ...tags.otherEnds], (part) => {
    if (!input.isCutOff) value.push(part);
  });
  value.end(ended !== null);
  return ended;
}

function isText(types: ReadonlySet<string>, { unknown }: UntypedArguments): boolean {
  if (types.size === 0) return unknown === 'text';
  return [...types].every((type) => type === 'string' || type === 'null') && types.has('string');
}

/** A value that means something only when it is whole. */
class TypedArgument {
  #text = '';

  constructor(
    readonly write: (text: string) => void,
    readonly types: ReadonlySet<string>,
    readonly tags: UntypedArguments,
  ) {}

  push(part: string): void {
    this.#text += part;
  }

  end(isWhole: boolean): void {
    const { types, tags, write } = this;
    const text = trimmed(this.#text, tags.trims);
    if (!isWhole) write(text.trim());
    else if (tags.hasNull && text.trim().toLowerCase() === 'null') write('null');
    else write(typedValue(text, types));
  }
}

function trimmed(text: string, trims: ArgumentTags['trims']): string {
  if (trims === 'all') return text.trim();
  return trims === 'line' ? text.replace(/^\n/, '').replace(/\n$/, '') : text;
}
