import type { JsonObject } from '../shared/json.js';

export interface SnippetOptions {
  /** Of the server, without a slash at its end. */
  readonly url: string;
  readonly body: JsonObject;
  /** The key itself is never shown: it stands in an environment variable. */
  readonly hasKey: boolean;
}

/** Longer ones a system may not take: Linux has 128 KiB for each, in bytes of UTF-8. */
const MAX_ARGUMENT_CHARS = 30_000;

/** The request as a command. */
export function curlOf({ url, body, hasKey }: SnippetOptions): string {
  const auth = hasKey ? ' \\\n  -H "Authorization: Bearer $RADISH_API_KEY"' : '';
  const json = JSON.stringify(body, null, 2);
  const command = `curl ${quoted(`${url}/v1/chat/completions`)} -H 'content-type: application/json'${auth}`;
  if (json.length > MAX_ARGUMENT_CHARS) return `${command} --data-binary @- <<'END'\n${json}\nEND`;
  return `${command} -d '${json.replaceAll("'", `'\\''`)}'`;
}

/** The request with OpenAI's client; what OpenAI does not know goes into `extra_body`. */
export function pythonOf({ url, body, hasKey }: SnippetOptions): string {
  const known = Object.entries(body).filter(([name]) => KNOWN.has(name));
  const extra = Object.entries(body).filter(([name]) => !KNOWN.has(name));
  const lines = [
    ...known.map(([name, value]) => `    ${name}=${python(value, 1)},`),
    ...(extra.length === 0 ? [] : [`    extra_body=${python(Object.fromEntries(extra), 1)},`]),
  ];
  const apiKey = hasKey ? 'os.environ["RADISH_API_KEY"]' : '"none"';
  return [
    ...(hasKey ? ['import os', ''] : []),
    'from openai import OpenAI',
    '',
    `client = OpenAI(base_url=${JSON.stringify(`${url}/v1`)}, api_key=${apiKey})`,
    'answer = client.chat.completions.create(',
    ...lines,
    ')',
    // An answer that calls a tool has no text.
    `print(answer.choices[0].message${body['tools'] === undefined ? '.content' : ''})`,
  ].join('\n');
}

/** Arguments of OpenAI's own `create`. */
const KNOWN: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'temperature',
  'top_p',
  'max_tokens',
  'seed',
  'stop',
  'tools',
  'reasoning_effort',
]);

function quoted(text: string): string {
  return /^[\w:/.[\]-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A value as Python writes it. JSON's texts are texts of Python's too. */
function python(value: unknown, depth: number): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = Array.isArray(value)
    ? value.map((one) => python(one, depth + 1))
    : Object.entries(value).map(
        ([name, one]) => `${JSON.stringify(name)}: ${python(one, depth + 1)}`,
      );
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const line = `${open}${entries.join(', ')}${close}`;
  if (line.length <= 80 && !line.includes('\n')) return line;
  const pad = '    '.repeat(depth);
  return `${open}\n${entries.map((one) => `${pad}    ${one},\n`).join('')}${pad}${close}`;
}
