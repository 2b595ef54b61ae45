import { isDeepStrictEqual } from 'node:util';

import type { Answer } from './read-page.js';

const REST = '…';

/**
 * Whether an example printed what its page shows, where `…` stands for anything: for a value, for a part of a text,
 * for the other members of an object and for the further items of a list. White space between values, and at the
 * ends of lines of text, says nothing.
 *
 * @returns null where it did, else where the two part
 */
export function mismatch(answer: Answer, printed: string): string | null {
  if (answer.form === 'text') return textMismatch(answer.text, printed);
  let actual: unknown;
  try {
    actual = JSON.parse(printed);
  } catch {
    return `the answer is JSON, but this was printed:\n${printed}`;
  }
  const difference = valueMismatch(shownValue(answer), actual, '');
  return difference === null ? null : `${difference}\nprinted: ${printed.trim()}`;
}

/** The page's JSON as a value, each bare `…` a string. @throws Error that names the line */
function shownValue({ text, where }: Answer): unknown {
  const quoted = text
    .replace(/"(?:[^"\\]|\\.)*"|…/g, (part) => (part === REST ? `"${REST}"` : part))
    .replace(/([{,]\s*)"…"(\s*\})|(\{\s*)"…"(\s*,)/g, '$1$3"…": "…"$2$4');
  try {
    return JSON.parse(quoted);
  } catch (error) {
    throw new Error(`${where}: this is no JSON: ${(error as Error).message}`);
  }
}

function valueMismatch(shown: unknown, actual: unknown, path: string): string | null {
  if (shown === REST) return null;
  if (typeof shown === 'string' && typeof actual === 'string') {
    return patternOf(shown).test(actual) ? null : unlike(path, shown, actual);
  }
  if (Array.isArray(shown) && Array.isArray(actual)) return listMismatch(shown, actual, path);
  if (isObject(shown) && isObject(actual)) return objectMismatch(shown, actual, path);
  return isDeepStrictEqual(shown, actual) ? null : unlike(path, shown, actual);
}

/** `[a, …]`: a and any number of others; `[…]` too. `[…, …]` has two items or more. */
function listMismatch(
  shown: readonly unknown[],
  actual: readonly unknown[],
  path: string,
): string | null {
  const isOpen = shown.at(-1) === REST;
  const numShown = isOpen ? shown.length - 1 : shown.length;
  if (isOpen ? actual.length < numShown : actual.length !== numShown) {
    return `${path || 'the list'} has ${actual.length} items, the page shows ${numShown}`;
  }
  for (let i = 0; i < numShown; i++) {
    const difference = valueMismatch(shown[i], actual[i], `${path}[${i}]`);
    if (difference !== null) return difference;
  }
  return null;
}

function objectMismatch(
  shown: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
  path: string,
): string | null {
  for (const [key, value] of Object.entries(shown)) {
    if (key === REST) continue;
    const at = path === '' ? key : `${path}.${key}`;
    if (!Object.hasOwn(actual, key)) return `${at} is on the page, but not in the answer`;
    const difference = valueMismatch(value, actual[key], at);
    if (difference !== null) return difference;
  }
  if (Object.hasOwn(shown, REST)) return null;
  const more = Object.keys(actual).filter((key) => !Object.hasOwn(shown, key));
  return more.length === 0 ? null : `${path || 'the answer'} also has ${more.join(', ')}`;
}

function textMismatch(shown: string, printed: string): string | null {
  const lines = (text: string) => text.replace(/[ \t\r]+$/gm, '').trim();
  return patternOf(lines(shown)).test(lines(printed)) ? null : `this was printed:\n${printed}`;
}

function patternOf(shown: string): RegExp {
  const parts = shown.split(REST).map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*?')}$`);
}

function unlike(path: string, shown: unknown, actual: unknown): string {
  const subject = path === '' ? 'the answer' : path;
  return `${subject} is ${JSON.stringify(actual)}, the page shows ${JSON.stringify(shown)}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
