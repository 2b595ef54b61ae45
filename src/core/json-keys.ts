/**
 * `JSON.parse` puts keys that look like numbers before all others. Behind a mark they keep their places: mark the
 * keys of a JSON text, parse it, and take the marks away where the value is read.
 */
export const KEY_MARK = '$';

/** A valid JSON text with {@link KEY_MARK} before each key. */
export function markKeys(json: string): string {
  return withKeys(json, (key) => KEY_MARK + key);
}

/** The opposite of {@link markKeys}. */
export function unmarkKeys(json: string): string {
  return withKeys(json, (key) => key.slice(KEY_MARK.length));
}

const COLON = /\s*:/y;

/** One pass without backtracking: a string may be as long as a body. */
function withKeys(json: string, change: (key: string) => string): string {
  let changed = '';
  let from = 0;
  for (let open = json.indexOf('"'); open >= 0;) {
    const close = stringEnd(json, open);
    COLON.lastIndex = close + 1;
    if (COLON.test(json)) {
      changed += json.slice(from, open + 1) + change(json.slice(open + 1, close));
      from = close;
    }
    open = json.indexOf('"', close + 1);
  }
  return changed + json.slice(from);
}

/** Where the quote stands that closes the string which opens at `open`. */
function stringEnd(json: string, open: number): number {
  for (let i = open + 1; i < json.length; i++) {
    const char = json[i];
    if (char === '\\') i++;
    else if (char === '"') return i;
  }
  return json.length;
}
