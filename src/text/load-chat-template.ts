import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { StartupError } from '../core/errors.js';
import { ChatTemplate, type SpecialTokens } from './chat-template.js';

type Json = Readonly<Record<string, unknown>>;

export interface ChatTemplateSource {
  /** Folder of the tokenizer. */
  readonly folder: string;
  /** `--chat-template`: a Jinja file, or a JSON file with `chat_template`. */
  readonly file: string | null;
  /** `--hf-chat-template-name`: which of several named templates. */
  readonly name: string | null;
}

const SPECIAL_TOKENS = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'].map(
  (name) => `${name}_token`,
);

/**
 * The template of the flag, else of the folder: `chat_template.jinja`, then `chat_template` of
 * tokenizer_config.json, then of chat_template.json. Null when there is none. @throws StartupError
 */
export async function loadChatTemplate(source: ChatTemplateSource): Promise<ChatTemplate | null> {
  const { folder, file, name } = source;
  const config = await readJson(join(folder, 'tokenizer_config.json'));
  const text =
    file === null ? await findInFolder(folder, config, name) : await readGiven(file, name);
  if (text === null) return null;
  try {
    return new ChatTemplate(text, specialTokensOf(config ?? {}));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartupError(`The chat template of ${file ?? folder} cannot be used: ${why}`);
  }
}

async function findInFolder(
  folder: string,
  config: Json | null,
  name: string | null,
): Promise<string | null> {
  const own = await readText(join(folder, 'chat_template.jinja'));
  if (own !== null) return own;
  const inConfig = pick(config?.['chat_template'], name);
  if (inConfig !== null) return inConfig;
  return pick((await readJson(join(folder, 'chat_template.json')))?.['chat_template'], name);
}

async function readGiven(file: string, name: string | null): Promise<string> {
  const text = await readText(file);
  if (text === null) {
    throw new StartupError(`--chat-template ${file} is no file that can be read.`);
  }
  if (!file.endsWith('.json')) return text;
  const template = pick((await readJson(file))?.['chat_template'], name);
  if (template === null) throw new StartupError(`${file} has no "chat_template".`);
  return template;
}

/** A template, or a list of `{name, template}`: the named one, else `default`, else the only one. */
function pick(value: unknown, name: string | null): string | null {
  if (typeof value === 'string') return value;
  const list = Array.isArray(value) ? (value as unknown[]).filter(isNamed) : [];
  if (list.length === 0) return null;
  const found = list.find((one) => one.name === (name ?? 'default'));
  if (found !== undefined) return found.template;
  if (name === null && list.length === 1) return list[0]?.template ?? null;
  const names = list.map((one) => one.name).join(', ');
  throw new StartupError(
    `The model has the chat templates ${names}: choose one with --hf-chat-template-name.`,
  );
}

interface NamedTemplate {
  readonly name: string;
  readonly template: string;
}

function isNamed(value: unknown): value is NamedTemplate {
  if (typeof value !== 'object' || value === null) return false;
  const { name, template } = value as Json;
  return typeof name === 'string' && typeof template === 'string';
}

/** Only those that are set: templates ask for the others as undefined. */
function specialTokensOf(config: Json): SpecialTokens {
  const tokens = SPECIAL_TOKENS.map((name) => [name, contentOf(config[name])] as const);
  return Object.fromEntries(
    tokens.filter((entry): entry is readonly [string, string] => entry[1] !== null),
  );
}

/** `"</s>"` or `{"content": "</s>", …}`, as both spellings are in use. */
function contentOf(value: unknown): string | null {
  const content =
    typeof value === 'object' && value !== null && 'content' in value ? value.content : value;
  return typeof content === 'string' ? content : null;
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return null;
  }
}

async function readJson(path: string): Promise<Json | null> {
  const text = await readText(path);
  if (text === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new StartupError(`${path} is not valid JSON.`);
  }
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Json) : null;
}
