import { readFileSync } from 'node:fs';
import { parse, YAMLParseError } from 'yaml';

import { UsageError } from './flag-spec.js';

export type ConfigFile = Readonly<Record<string, unknown>>;

/** Arguments as keys, in SGLang's YAML or as a JSON object, which is YAML too. @throws UsageError */
export function readConfigFile(path: string): ConfigFile {
  const file = parseYaml(readText(path), path);
  if (file === null) return {};
  if (typeof file !== 'object' || Array.isArray(file)) {
    throw new UsageError(`The config file ${path} must hold keys and values.`);
  }
  return file as ConfigFile;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new UsageError(`The config file ${path} cannot be read.`);
  }
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const line = error instanceof YAMLParseError ? error.linePos?.[0].line : undefined;
    const where = line === undefined ? '' : `, line ${line}`;
    throw new UsageError(`The config file ${path}${where} is not valid YAML.`);
  }
}
