/** Calls whose arguments are bare text between tags: their schema says what they are. */
import { quoted } from '../scan/json-value.js';
import type { Reading } from '../scan/input.js';
import type { CallReading } from './format.js';
import type { ToolFunction } from './pieces.js';
import { propertiesOf, typesOf } from './schema.js';
import { TextArgument } from './text-argument.js';
import { typedValue } from './typed-value.js';

/** How arguments are written. */
export interface ArgumentTags {
  /** Before a name. */
  readonly open: string;
  /** Behind a name. */
  readonly nameEnd: string;
  /** Before a value, with nothing that counts between; empty = it begins at once. */
  readonly valueOpen: string;
  /** Behind a value: the first that comes. */
  readonly valueEnd: string;
  /** Tags that end a value as well, and are not taken. */
  readonly otherEnds: readonly string[];
  /** White space around a value that is not its own: one line break at each end, all, or none. */
  readonly trims: 'line' | 'all' | 'none';
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
  readonly argument: ArgumentTags;
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

/** The arguments of one call up to `end`, which is taken; as JSON to the sink. */
export function* readArguments(
  reading: CallReading,
  tool: ToolFunction,
  tags: ArgumentTags,
  end: string,
): Reading {
  const { input, out } = reading;
  const properties = propertiesOf(tool.parameters);
  let isFirst = true;
  while ((yield* input.until([tags.open, end], out.text)) === tags.open) {
    const name = yield* input.word([tags.nameEnd], MAX_NAME_CHARS);
    if (name === null) break;
    if (tags.valueOpen !== '') yield* input.word([tags.valueOpen], MAX_NAME_CHARS);
    const key = name.trim();
    out.arguments(`${isFirst ? '{' : ', '}"${quoted(key)}": `);
    isFirst = false;
    const types = properties.has(key) ? typesOf(properties.get(key)) : ANY;
    const ended = yield* readValue(reading, tags, types);
    if (ended === null) return;
    if (ended !== tags.valueEnd) input.putBack(ended);
  }
  out.arguments(isFirst ? '{}' : '}');
}

const ANY: ReadonlySet<string> = new Set();

/** @returns what ended the value; null = the text did */
function* readValue(
  { input, out }: CallReading,
  tags: ArgumentTags,
  types: ReadonlySet<string>,
): Reading<string | null> {
  const value = isText(types, tags)
    ? new TextArgument(out.arguments, tags.trims, tags.hasNull || types.has('null'))
    : new TypedArgument(out.arguments, types, tags);
  const ended = yield* input.until([tags.valueEnd, ...tags.otherEnds], (part) => {
    value.push(part);
  });
  value.end(ended !== null);
  return ended;
}

function isText(types: ReadonlySet<string>, { unknown }: ArgumentTags): boolean {
  if (types.size === 0) return unknown === 'text';
  return [...types].every((type) => type === 'string' || type === 'null') && types.has('string');
}

/** A value that means something only when it is whole. */
class TypedArgument {
  #text = '';

  constructor(
    readonly write: (text: string) => void,
    readonly types: ReadonlySet<string>,
    readonly tags: ArgumentTags,
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
