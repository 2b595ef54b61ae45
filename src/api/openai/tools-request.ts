import { refuse, refuseBody } from '../../core/errors.js';
import { FieldReader, preview } from '../../http/field-reader.js';
import { fieldOf, isObject, type JsonObject } from '../../http/json.js';
import { Dict, isList, type Value } from '../../text/jinja/values.js';
import type { ToolFunction } from '../../text/tools/pieces.js';
import { schemaFault } from './schema-fault.js';

/** Whether the model may, must or must not call, or which function it must call. */
export type ToolChoice = 'none' | 'auto' | 'required' | { readonly name: string };

export interface ToolsRequest {
  readonly choice: ToolChoice;
  /** Those that an answer may call; none where it must not. */
  readonly functions: readonly ToolFunction[];
  /** Several calls in one answer are wanted (`parallel_tool_calls`). */
  readonly isParallel: boolean;
}

const CHOICES = ['none', 'auto', 'required'] as const;
/** Functions that one request may describe. */
const MAX_TOOLS = 1024;

/** `tools`, `tool_choice` and `parallel_tool_calls`, checked in SGLang's order. @throws RequestError */
export function parseTools(body: JsonObject): ToolsRequest {
  const functions = parseFunctions(fieldOf(body, 'tools'));
  const choice = parseChoice(fieldOf(body, 'tool_choice'), fieldOf(body, 'tools') !== null);
  const isParallel = new FieldReader(body, 'INVALID_JSON').boolean('parallel_tool_calls') ?? true;
  if (choice === 'required' && functions.length === 0) {
    refuse('Tools cannot be empty if tool choice is set to required.');
  }
  if (typeof choice === 'object') checkNamed(choice.name, functions);
  for (const [i, { parameters }] of functions.entries()) {
    const fault = parameters === null ? null : schemaFault(parameters);
    if (fault !== null) refuse(`Tool ${i} function has invalid 'parameters' schema: ${fault}`);
  }
  return { choice, functions: choice === 'none' ? [] : functions, isParallel };
}

/** `tools` as templates see them: what the request says, of the named function alone where one is named. */
export function shownTools(
  body: Dict,
  { choice, functions }: ToolsRequest,
): readonly Dict[] | null {
  const given = body.get('tools') ?? null;
  if (functions.length === 0 || !isList(given)) return null;
  const tools = given.filter((tool) => tool instanceof Dict).map(withType);
  if (typeof choice === 'string') return tools;
  return tools.filter((tool) => functionOf(tool)?.get('name') === choice.name);
}

/** Some templates want the functions alone. */
export function functionsAlone(tools: readonly Dict[]): readonly Dict[] {
  return tools.map((tool) => functionOf(tool) ?? tool);
}

function functionOf(tool: Dict): Dict | null {
  const value: Value | undefined = tool.get('function');
  return value instanceof Dict ? value : null;
}

/** `type` may be left out. */
function withType(tool: Dict): Dict {
  return tool.has('type') ? tool : Dict.of([['type', 'function'], ...tool.entries()]);
}

/** `tools` of a body. @throws RequestError */
export function parseFunctions(tools: unknown): readonly ToolFunction[] {
  if (tools === null) return [];
  if (!Array.isArray(tools)) return refuseBody(`tools must be a list, got ${preview(tools)}.`);
  if (tools.length > MAX_TOOLS) refuse(`tools may have at most ${MAX_TOOLS} entries.`);
  return tools.map((tool: unknown) => {
    const described = isObject(tool) ? fieldOf(tool, 'function') : null;
    if (!isObject(tool) || !isObject(described)) {
      return refuseBody('Each tool must be an object with a function.');
    }
    new FieldReader(tool, 'INVALID_JSON').string('type');
    return parseFunction(described);
  });
}

function parseFunction(described: JsonObject): ToolFunction {
  const read = new FieldReader(described, 'INVALID_JSON');
  read.string('description');
  return {
    name: read.string('name') ?? refuseBody('Each function of tools must have a name.'),
    parameters: read.raw('parameters'),
    strict: read.boolean('strict') ?? false,
  };
}

function parseChoice(value: unknown, hasTools: boolean): ToolChoice {
  if (value === null) return hasTools ? 'auto' : 'none';
  const word = CHOICES.find((choice) => choice === value);
  if (word !== undefined) return word;
  const named = isObject(value) ? fieldOf(value, 'function') : null;
  if (!isObject(named)) {
    return refuseBody(
      `tool_choice must be 'none', 'auto', 'required' or a function, got ${preview(value)}.`,
    );
  }
  return { name: new FieldReader(named, 'INVALID_JSON').string('name') ?? 'None' };
}

function checkNamed(name: string, functions: readonly ToolFunction[]): void {
  if (functions.length === 0) {
    refuse('Tools cannot be empty if tool choice is set to a specific tool.');
  }
  if (!functions.some((one) => one.name === name)) {
    refuse(`Tool '${name.slice(0, 200)}' not found in tools list.`);
  }
}
