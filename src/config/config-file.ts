import { readFileSync } from 'node:fs';

import { UsageError } from './usage-error.js';

export type ConfigFile = Readonly<Record<string, unknown>>;

/** Arguments as keys: a JSON object, or SGLang's YAML of one `key: value` a line. @throws UsageError */
export function readConfigFile(path: string): ConfigFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new UsageError(`The config file ${path} cannot be read.`);
  }
  return /^\s*[{[]/.test(text) ? readJson(text, path) : readFlatYaml(text, path);
}

function readJson(text: string, path: string): ConfigFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new UsageError(`The config file ${path} is not valid JSON.`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new UsageError(`The config file ${path} must be a JSON object.`);
  }
  return json as ConfigFile;
}

const COMMENT = /^\s*(#.*)?$|^---\s*$/;
const ENTRY = /^([A-Za-z][\w-]*)\s*:(?:\s+(.*))?$/;
const ITEM = /^\s*-\s+(.*)$/;

/** The YAML that arguments need: scalars, and lists of them in brackets or under their key. */
function readFlatYaml(text: string, path: string): ConfigFile {
  const file = new Map<string, unknown>();
  let list: unknown[] | null = null;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (COMMENT.test(line)) continue;
    const item = ITEM.exec(line)?.[1];
    const [, key, value = ''] = ENTRY.exec(line) ?? [];
    if (item !== undefined && list !== null) {
      list.push(scalar(item));
    } else if (key !== undefined) {
      const found = scalar(value);
      list = found === null ? [] : null;
      file.set(key, list ?? found);
    } else {
      throw new UsageError(`${path}, line ${i + 1}: only "key: value" and lists are read.`);
    }
  }
  // A key without a value, whose list never came, is null.
  const entries = [...file].map(([key, value]) => [key, isEmptyList(value) ? null : value]);
  return Object.fromEntries(entries) as ConfigFile;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function scalar(text: string): unknown {
  const quoted = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)')\s*(?:#.*)?$/.exec(text);
  if (quoted?.[1] !== undefined) return parsed(`"${quoted[1]}"`) ?? quoted[1];
  if (quoted?.[2] !== undefined) return quoted[2].replaceAll("''", "'");
  const plain = text.replace(/(^|\s)#.*$/, '').trim();
  if (/^(|~|null)$/i.test(plain)) return null;
  if (/^(true|false)$/i.test(plain)) return plain.toLowerCase() === 'true';
  return parsed(plain) ?? plain;
}

/** Numbers, and what is in brackets; undefined = a plain word. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
