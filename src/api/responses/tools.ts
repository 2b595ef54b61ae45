import { FieldReader, preview } from '../../http/field-reader.js';
import { fieldOf, isObject, type JsonObject } from '../../http/json.js';
import { Dict, isList, type Value } from '../../text/jinja/values.js';
import { dictField } from '../dict-field.js';
import { refuseForm, refuseParam } from './errors.js';
import { CHOICE_WORDS } from './tool-fields.js';

/** A function as the response shows it again. */
export interface ShownTool {
  readonly type: 'function';
  readonly name: string;
  readonly description: string | null;
  readonly parameters: unknown;
  readonly strict: boolean;
}

export interface ToolsField {
  /** `tools` and `tool_choice` as the response shows them again. */
  readonly shown: readonly ShownTool[];
  readonly shownChoice: unknown;
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
  checkChoice(choice, shown);
  const { allowed } = choice;
  const offered = chatTools(
    dictField(lossless, 'tools'),
    (name) => allowed?.includes(name) ?? true,
  );
  return {
    shown,
    shownChoice: choice.shown,
    chatTools: offered.length === 0 ? null : offered,
    chatChoice: offered.length === 0 ? null : chatChoice(choice),
  };
}

function shownTools(tools: unknown): readonly ShownTool[] {
  if (tools === null) return [];
  if (!Array.isArray(tools)) {
    return refuseForm('tools', `tools must be a list, got ${preview(tools)}.`);
  }
  return tools.map((tool: unknown, i) => {
    const path = `tools[${i}]`;
    if (!isObject(tool)) return refuseForm(path, `${path} must be an object.`);
    const type = fieldOf(tool, 'type');
    if (type !== 'function') refuseHosted(`${path}.type`, type);
    const read = new FieldReader(tool, 'INVALID_JSON');
    return {
      type,
      name:
        read.string('name') ?? refuseForm(`${path}.name`, 'Function tools must include a name.'),
      description: read.string('description'),
      parameters: read.raw('parameters'),
      strict: read.boolean('strict') ?? false,
    };
  });
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
  return { shown: { type: 'function', name }, word: 'auto', name, allowed: null };
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
    return typeof name === 'string' ? name : refuseForm(path, `${path} must have a name.`);
  });
  const shown = {
    type: 'allowed_tools',
    mode: word,
    tools: allowed.map((name) => ({ type: 'function', name })),
  };
  return { shown, word, name: null, allowed };
}

function checkChoice({ word, name, allowed }: Choice, tools: readonly ShownTool[]): void {
  if (word === 'required' && tools.length === 0) {
    refuseParam(
      'tool_choice',
      'tool_choice="required" requires at least one tool with type="function".',
    );
  }
  const declared = new Set(tools.map((tool) => tool.name));
  const unknown = [name, ...(allowed ?? [])].find((one) => one !== null && !declared.has(one));
  if (unknown !== undefined) {
    refuseParam('tool_choice', `Tool '${(unknown ?? '').slice(0, 200)}' is not declared in tools`);
  }
}

const FUNCTION_FIELDS = ['name', 'description', 'parameters', 'strict'] as const;

/** Flat here, nested in a chat body; every digit and the order of every key of the schemas are kept. */
function chatTools(tools: Value, isOffered: (name: string) => boolean): readonly Dict[] {
  if (!isList(tools)) return [];
  return tools
    .filter((tool) => tool instanceof Dict)
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
