import { fieldOf, type JsonObject } from '../../http/json.js';
import { Dict, isList, type Value } from '../../text/jinja/values.js';
import { dictField } from '../dict-field.js';
import { refuseParam } from './errors.js';

/** A function of a namespace, as calls name it. */
export interface FunctionPlace {
  readonly namespace: string;
  readonly name: string;
}

interface Named {
  readonly name: string;
  /** Of a namespace. */
  readonly tools?: readonly Named[];
}

/** The one name by which the model knows a function: `crm__get_customer`. */
export function qualifiedName(namespace: string | null, name: string): string {
  if (namespace === null) return name;
  return namespace.endsWith('__') ? `${namespace}${name}` : `${namespace}__${name}`;
}

/** The namespace of a function in `tool_choice`, where one is given. */
export function namespaceOf(tool: JsonObject): { readonly namespace?: string } {
  const namespace = fieldOf(tool, 'namespace');
  return typeof namespace === 'string' ? { namespace } : {};
}

/** The functions of namespaces, by the names that the model knows. @throws ParamError where that is another's name too */
export function placesOf(tools: readonly Named[]): ReadonlyMap<string, FunctionPlace> {
  const alone = tools.filter((tool) => tool.tools === undefined);
  const taken = new Set(alone.map(({ name }) => name));
  const places = new Map<string, FunctionPlace>();
  for (const { name: namespace, tools: members = [] } of tools) {
    for (const { name } of members) {
      const whole = qualifiedName(namespace, name);
      if (taken.has(whole)) refuseParam('tools', `Two functions would be called '${whole}'.`);
      taken.add(whole);
      places.set(whole, { namespace, name });
    }
  }
  return places;
}

/** Tools, those of every namespace in its place: by their whole names, and with what the namespace says of itself. */
export function flatTools(tools: Value): readonly Dict[] {
  if (!isList(tools)) return [];
  return tools.flatMap((tool) => {
    if (!(tool instanceof Dict)) return [];
    return dictField(tool, 'type') === 'namespace' ? membersOf(tool) : [tool];
  });
}

function membersOf(namespace: Dict): readonly Dict[] {
  const about = textIn(namespace, 'description');
  return flatTools(dictField(namespace, 'tools')).map((tool) => {
    const texts = [about, textIn(tool, 'description')].filter((text) => text !== '');
    const name = qualifiedName(textIn(namespace, 'name'), textIn(tool, 'name'));
    return Dict.of([...tool.entries(), ['name', name], ['description', texts.join('\n\n')]]);
  });
}

function textIn(dict: Dict, name: string): string {
  const value = dictField(dict, name);
  return typeof value === 'string' ? value : '';
}
