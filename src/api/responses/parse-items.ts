import { checkDescribed, checkNeeded } from '../../http/described.js';
import { FieldReader, preview } from '../../http/field-reader.js';
import { fieldOf, isObject, type JsonObject } from '../../http/json.js';
import { notFound, refuseForm, refuseParam } from './errors.js';
import { newId, type IdPrefix } from './ids.js';
import { itemTypeOf } from './item-fields.js';
import {
  ITEM_STATUSES,
  ROLES,
  type ContentPart,
  type InputText,
  type Item,
  type ItemStatus,
} from './item.js';
import { unseal } from './sealed-text.js';

/** An item of the asker's by its id; null = there is none. */
export type FindItem = (id: string) => Item | null;

/** What a model of texts does not take. */
const MEDIA = new Set(['input_image', 'input_file', 'input_audio', 'computer_screenshot']);

/** Reads one object of the input, saying where it stands in what it refuses. */
class PartReader {
  readonly #object: JsonObject;
  readonly #fields: FieldReader;

  constructor(
    object: JsonObject,
    /** `input[3]` */
    readonly path: string,
  ) {
    this.#object = object;
    this.#fields = new FieldReader(object, 'INVALID_JSON');
  }

  raw(name: string): unknown {
    return fieldOf(this.#object, name);
  }

  string(name: string): string {
    checkDescribed(this.#object, name, 'string');
    const value = this.raw(name);
    if (typeof value === 'string') return value;
    if (value === null) checkNeeded(this.#object, name);
    return refuseForm(this.at(name), `${this.at(name)} must be a string, got ${preview(value)}.`);
  }

  optionalString(name: string): string | null {
    return this.raw(name) === null ? null : this.string(name);
  }

  list(name: string): readonly PartReader[] {
    const value = this.raw(name);
    if (!Array.isArray(value)) {
      if (value === null) checkNeeded(this.#object, name);
      return refuseForm(this.at(name), `${this.at(name)} must be a list, got ${preview(value)}.`);
    }
    return value.map((one: unknown, i) => readerOf(one, `${this.at(name)}[${i}]`));
  }

  /** The client's own, where it gave one. */
  id(prefix: IdPrefix): string {
    return this.#fields.string('id') ?? newId(prefix);
  }

  at(name: string): string {
    return `${this.path}.${name}`;
  }
}

function readerOf(value: unknown, path: string): PartReader {
  if (isObject(value)) return new PartReader(value, path);
  return refuseForm(path, `${path} must be an object, got ${preview(value)}.`);
}

const ITEMS: Readonly<Record<string, (read: PartReader) => Item>> = {
  message: messageItem,
  function_call: (read) => ({
    id: read.id('fc'),
    type: 'function_call',
    status: statusOf(read),
    call_id: read.string('call_id'),
    name: read.string('name'),
    ...namespaceIn(read),
    arguments: argumentsOf(read),
  }),
  function_call_output: (read) => ({
    id: read.id('fco'),
    type: 'function_call_output',
    status: statusOf(read),
    call_id: read.string('call_id'),
    output: typeof read.raw('output') === 'string' ? read.string('output') : outputParts(read),
  }),
  reasoning: (read) => ({
    id: read.id('rs'),
    type: 'reasoning',
    status: statusOf(read),
    summary: textsOf(read, 'summary').map((text) => ({ type: 'summary_text', text })),
    content: textsOf(read, 'content').map((text) => ({ type: 'reasoning_text', text })),
    encrypted_content: read.optionalString('encrypted_content'),
  }),
  compaction: (read) => {
    const encrypted = read.string('encrypted_content');
    if (unseal('compaction', encrypted) === null) {
      refuseParam(read.at('encrypted_content'), 'The compaction item was not made by this server.');
    }
    return { id: read.id('cmp'), type: 'compaction', encrypted_content: encrypted };
  },
};

/**
 * `input`, or the `items` of a conversation: a text is a user's message.
 * @param find what an `item_reference` names
 * @throws ParamError
 */
export function parseItems(value: unknown, name: string, find: FindItem): readonly Item[] {
  if (typeof value === 'string') return [userMessage(value)];
  if (!Array.isArray(value)) {
    return refuseForm(name, `${name} must be a string or a list of items, got ${preview(value)}.`);
  }
  return value.map((one: unknown, i) => parseItem(readerOf(one, `${name}[${i}]`), find));
}

export function userMessage(text: string): Item {
  const content = [inputText(text)];
  return { id: newId('msg'), type: 'message', status: 'completed', role: 'user', content };
}

function parseItem(read: PartReader, find: FindItem): Item {
  const type = itemTypeOf((name) => read.raw(name));
  if (type === 'item_reference') {
    const id = read.string('id');
    return find(id) ?? notFound(read.path, `Item with id '${id.slice(0, 200)}' not found.`);
  }
  const parse = typeof type === 'string' && Object.hasOwn(ITEMS, type) ? ITEMS[type] : undefined;
  if (parse !== undefined) return parse(read);
  return refuseParam(
    read.at('type'),
    `Unsupported Responses API input item type: ${preview(type)}`,
  );
}

function messageItem(read: PartReader): Item {
  const given = read.raw('role');
  const role = ROLES.find((one) => one === given);
  if (role === undefined) {
    const names = ROLES.map((one) => `'${one}'`).join(', ');
    return refuseForm(read.at('role'), `${read.at('role')} must be one of ${names}.`);
  }
  const isAnswer = role === 'assistant';
  const textPart = isAnswer ? outputText : inputText;
  const content =
    typeof read.raw('content') === 'string'
      ? [textPart(read.string('content'))]
      : read.list('content').map((part) => contentPart(part, textPart));
  return { id: read.id('msg'), type: 'message', status: statusOf(read), role, content };
}

function inputText(text: string): InputText {
  return { type: 'input_text', text };
}

function outputText(text: string): ContentPart {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

const TEXTS = new Set(['input_text', 'output_text', 'text']);

function contentPart(read: PartReader, textPart: (text: string) => ContentPart): ContentPart {
  const type = read.string('type');
  if (TEXTS.has(type)) return textPart(read.string('text'));
  if (type === 'refusal') return { type: 'refusal', refusal: read.string('refusal') };
  return refusePart(read, type);
}

function outputParts(read: PartReader): readonly InputText[] {
  return read.list('output').map((part) => {
    const type = part.string('type');
    return TEXTS.has(type) ? inputText(part.string('text')) : refusePart(part, type);
  });
}

function refusePart(read: PartReader, type: string): never {
  const shown = type.slice(0, 50);
  if (MEDIA.has(type)) {
    return refuseParam(read.path, `${shown} was given, but this model takes only text.`);
  }
  return refuseParam(read.at('type'), `Content parts of type '${shown}' are not supported.`);
}

function namespaceIn(read: PartReader): { readonly namespace?: string } {
  const namespace = read.optionalString('namespace');
  return namespace === null ? {} : { namespace };
}

/** Objects come from clients that parsed them: templates want text. */
function argumentsOf(read: PartReader): string {
  const value = read.raw('arguments');
  return isObject(value) ? JSON.stringify(value) : read.string('arguments');
}

function textsOf(read: PartReader, name: string): readonly string[] {
  if (read.raw(name) === null) return [];
  return read.list(name).map((part) => part.string('text'));
}

function statusOf(read: PartReader): ItemStatus {
  const given = read.raw('status');
  if (given === null) return 'completed';
  const status = ITEM_STATUSES.find((one) => one === given);
  return status ?? refuseForm(read.at('status'), `${read.at('status')} is no status of an item.`);
}
