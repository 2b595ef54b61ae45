import { basename, dirname, join } from 'node:path';

import { StartupError } from '../core/errors.js';
import { folderFiles, type NamedFiles } from '../core/named-files.js';
import { ChatTemplate } from './chat-template.js';
import { templateTokens } from './template-tokens.js';

type Json = Readonly<Record<string, unknown>>;

export interface ChatTemplateSource {
  /** Of the tokenizer. */
  readonly files: NamedFiles;
  /** `--chat-template`: a Jinja file, or a JSON file with `chat_template`. */
  readonly file: string | null;
  /** `--hf-chat-template-name`: which of several named templates. */
  readonly name: string | null;
}

/** Further templates beside chat_template.jinja, each named by its file. */
const MORE_TEMPLATES = 'additional_chat_templates';

/**
 * The template of the flag, else of the model: `chat_template.jinja` (the default) and
 * `additional_chat_templates/`, then `chat_template` of tokenizer_config.json, then of chat_template.json.
 * Null when there is none. @throws StartupError
 */
export async function loadChatTemplate(source: ChatTemplateSource): Promise<ChatTemplate | null> {
  const { files, file, name } = source;
  const config = await readJson(files, 'tokenizer_config.json');
  const text = file === null ? await findIn(files, config, name) : await readGiven(file, name);
  if (text === null) return null;
  try {
    const map = await readJson(files, 'special_tokens_map.json');
    return new ChatTemplate(text, templateTokens(config ?? {}, map ?? {}));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartupError(`The chat template of ${file ?? files.path} cannot be used: ${why}`);
  }
}

async function findIn(
  files: NamedFiles,
  config: Json | null,
  name: string | null,
): Promise<string | null> {
  const templates = await templateFiles(files);
  if (templates.length > 0) return pick(templates, name);
  const inConfig = pick(config?.['chat_template'], name);
  if (inConfig !== null) return inConfig;
  return pick((await readJson(files, 'chat_template.json'))?.['chat_template'], name);
}

/** Templates that are files of their own: with one of them those of the configuration do not count. */
async function templateFiles(files: NamedFiles): Promise<NamedTemplate[]> {
  const names = await files.list(MORE_TEMPLATES);
  const paths = names
    .filter((file) => file.endsWith('.jinja'))
    .sort()
    .map((file) => [file.replace(/\.jinja$/, ''), join(MORE_TEMPLATES, file)] as const);
  const all = [['default', 'chat_template.jinja'] as const, ...paths];
  const read = await Promise.all(
    all.map(async ([name, path]) => ({ name, template: await files.read(path) })),
  );
  return read.flatMap(({ name, template }) => (template === null ? [] : [{ name, template }]));
}

async function readGiven(file: string, name: string | null): Promise<string> {
  const beside = folderFiles(dirname(file));
  const text = await beside.read(basename(file));
  if (text === null) {
    throw new StartupError(`--chat-template ${file} is no file that can be read.`);
  }
  if (!file.endsWith('.json')) return text;
  const template = pick((await readJson(beside, basename(file)))?.['chat_template'], name);
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

async function readJson(files: NamedFiles, name: string): Promise<Json | null> {
  const text = await files.read(name);
  if (text === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new StartupError(`${join(files.path, name)} is not valid JSON.`);
  }
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Json) : null;
}
