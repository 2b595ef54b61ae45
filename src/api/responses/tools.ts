import { FieldReader, preview } from '../../http/field-reader.js';
import { fieldOf, isObject, type JsonObject } from '../../http/json.js';
import { Dict, type Value } from '../../text/jinja/values.js';
import { dictField } from '../dict-field.js';
import { refuseForm, refuseParam } from './errors.js';
import {
  flatTools,
  namespaceOf,
  placesOf,
  qualifiedName,
  type FunctionPlace,
} from './namespaces.js';
import { CHOICE_WORDS } from './tool-fields.js';

/** A function as the response shows it again. */
export interface ShownTool {
  readonly type: 'function';
  readonly name: string;
  readonly description: string | null;
  readonly parameters: unknown;
  readonly strict: boolean;
}

/** Functions under one name, as the response shows them again. */
interface ShownNamespace {
  readonly type: 'namespace';
  readonly name: string;
  readonly description: string | null;
  readonly tools: readonly ShownTool[];
}

export interface ToolsField {
  /** `tools` and `tool_choice` as the response shows them again. */
  readonly shown: readonly (ShownTool | ShownNamespace)[];
  readonly shownChoice: unknown;
  /** The functions of namespaces, by the names that the model knows. */
  readonly places: ReadonlyMap<string, FunctionPlace>;
  /** Their like in a chat body; null = there are none. */
  readonly chatTools: Value;
  readonly chatChoice: Value;
}

/** `tool_choice` as far as it is understood: a word, one function, or some of them. */
interface Choice {
  readonly shown: unknown;
  readonly word: 'none' | 'auto' | 'required';
  /** The function that must be called; null = none in particular. */
  readonly name: string | null;
  /** The functions that may be called; null = all. */
  readonly allowed: readonly string[] | null;
}

/** `tools` and `tool_choice`. Tools of allowed_tools are the only ones that are offered. @throws ParamError */
export function parseToolFields(body: JsonObject, lossless: Dict): ToolsField {
  const shown = shownTools(fieldOf(body, 'tools'));
  const choice = parseChoice(fieldOf(body, 'tool_choice'));
  const places = placesOf(shown);
  const alone = shown.filter(({ type }) => type === 'function').map(({ name }) => name);
  checkChoice(choice, new Set([...alone, ...places.keys()]));
  const { allowed } = choice;
  const offered = chatTools(
    dictField(lossless, 'tools'),
    (name) => allowed?.includes(name) ?? true,
  );
  return {
    shown,
    shownChoice: choice.shown,
    places,
    chatTools: offered.length === 0 ? null : offered,
    chatChoice: offered.length === 0 ? null : chatChoice(choice),
  };
}

function shownTools(tools: unknown): ToolsField['shown'] {
  return eachTool(tools, 'tools', (tool, path) => {
    if (fieldOf(tool, 'type') !== 'namespace') return shownFunction(tool, path);
    const inner = eachTool(fieldOf(tool, 'tools'), `${path}.tools`, shownFunction);
    return { type: 'namespace', ...named(tool, path, 'Namespaces'), tools: inner };
  });
}

function eachTool<T>(
  tools: unknown,
  at: string,
  read: (tool: JsonObject, path: string) => T,
): readonly T[] {
  if (tools === null) return [];
  if (!Array.isArray(tools)) {
    return refuseForm(at, `${at} must be a list, got ${preview(tools)}.`);
  }
  return tools.map((tool: unknown, i) => {
    const path = `${at}[${i}]`;
    return isObject(tool) ? read(tool, path) : refuseForm(path, `${path} must be an object.`);
  });
}

function shownFunction(tool: JsonObject, path: string): ShownTool {
  const type = fieldOf(tool, 'type');
  if (type !== 'function') return refuseHosted(`${path}.type`, type);
  const read = new FieldReader(tool, 'INVALID_JSON');
  const parameters = read.raw('parameters');
  const strict = read.boolean('strict') ?? false;
  return { type, ...named(tool, path, 'Function tools'), parameters, strict };
}

function named(
  tool: JsonObject,
  path: string,
  what: string,
): Pick<ShownTool, 'name' | 'description'> {
  const read = new FieldReader(tool, 'INVALID_JSON');
  const name = read.string('name') ?? refuseForm(`${path}.name`, `${what} must include a name.`);
  return { name, description: read.string('description') };
}

/** Tools that run elsewhere than at the client. */
function refuseHosted(param: string, type: unknown): never {
  const what = typeof type === 'string' ? `'${type.slice(0, 50)}'` : preview(type);
  return refuseParam(
    param,
    `Tools of type ${what} are not supported: this server calls functions only (type 'function').`,
  );
}

function parseChoice(value: unknown): Choice {
  const word = CHOICE_WORDS.find((one) => one === (value ?? 'auto'));
  if (word !== undefined) return { shown: word, word, name: null, allowed: null };
  const type = isObject(value) ? fieldOf(value, 'type') : null;
  if (!isObject(value) || typeof type !== 'string') {
    return refuseForm(
      'tool_choice',
      `tool_choice must be 'none', 'auto', 'required', a function or allowed_tools, got ${preview(value)}.`,
    );
  }
  if (type === 'function') return namedChoice(value);
  return type === 'allowed_tools' ? allowedChoice(value) : refuseHosted('tool_choice', type);
}

/** The name stands beside the type, or in `function` as chat has it. */
function namedChoice(value: JsonObject): Choice {
  const nested = fieldOf(value, 'function');
  const name = fieldOf(value, 'name') ?? (isObject(nested) ? fieldOf(nested, 'name') : null);
  if (typeof name !== 'string') {
    return refuseForm('tool_choice.name', 'A function in tool_choice must have a name.');
  }
  const shown = { type: 'function', name, ...namespaceOf(value) };
  return { shown, word: 'auto', name: wholeName(value, name), allowed: null };
}

function allowedChoice(value: JsonObject): Choice {
  const mode = fieldOf(value, 'mode') ?? 'auto';
  const word = CHOICE_WORDS.find((one) => one === mode);
  if (word === undefined) {
    return refuseForm('tool_choice.mode', `tool_choice.mode must be 'auto' or 'required'.`);
  }
  const tools = fieldOf(value, 'tools');
  if (!Array.isArray(tools) || tools.length === 0) {
    return refuseForm('tool_choice.tools', 'allowed_tools must name at least one tool.');
  }
  const allowed = tools.map((tool: unknown, i) => {
    const path = `tool_choice.tools[${i}]`;
    if (!isObject(tool)) return refuseForm(path, `${path} must be an object.`);
    const type = fieldOf(tool, 'type');
    if (type !== 'function') return refuseHosted(`${path}.type`, type);
    const name = fieldOf(tool, 'name');
    if (typeof name !== 'string') return refuseForm(path, `${path} must have a name.`);
    return { whole: wholeName(tool, name), shown: { type, name, ...namespaceOf(tool) } };
  });
  const shown = {
    type: 'allowed_tools',
    mode: word,
    tools: allowed.map((one) => one.shown),
  };
  return { shown, word, name: null, allowed: allowed.map(({ whole }) => whole) };
}

function wholeName(tool: JsonObject, name: string): string {
  return qualifiedName(namespaceOf(tool).namespace ?? null, name);
}

function checkChoice({ word, name, allowed }: Choice, declared: ReadonlySet<string>): void {
  if (word === 'required' && declared.size === 0) {
    refuseParam(
      'tool_choice',
      'tool_choice="required" requires at least one tool with type="function".',
    );
  }
  const unknown = [name, ...(allowed ?? [])].find((one) => one !== null && !declared.has(one));
  if (unknown !== undefined) {
    refuseParam('tool_choice', `Tool '${(unknown ?? '').slice(0, 200)}' is not declared in tools`);
  }
}

const FUNCTION_FIELDS = ['name', 'description', 'parameters', 'strict'] as const;

/** Flat here, nested in a chat body; every digit and the order of every key of the schemas are kept. */
function chatTools(tools: Value, isOffered: (name: string) => boolean): readonly Dict[] {
  return flatTools(tools)
    .filter((tool) => isOffered(nameOf(tool)))
    .map((tool) => {
      const fields = FUNCTION_FIELDS.map((name) => [name, dictField(tool, name)] as const);
      const given = Dict.of(fields.filter(([, value]) => value !== null));
      return Dict.of([
        ['type', 'function'],
        ['function', given],
      ]);
    });
}

function nameOf(tool: Dict): string {
  const name = dictField(tool, 'name');
  return typeof name === 'string' ? name : '';
}

function chatChoice({ word, name }: Choice): Value {
  if (name === null) return word;
  return Dict.of([
    ['type', 'function'],
    ['function', Dict.of([['name', name]])],
  ]);
}
