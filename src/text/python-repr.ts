const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** What Python does not print as it is: controls, separators other than the space, lone surrogates. */
const UNPRINTABLE = /[\\\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** A text as Python's `repr` shows it, which SGLang's messages and templates do: clients match on them. */
export function pythonRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replace(UNPRINTABLE, (char) => ESCAPES[char] ?? escapeCode(char));
  return quote + (quote === "'" ? body.replaceAll("'", "\\'") : body) + quote;
}

/** A `repr` with everything beyond ASCII escaped, as `ascii()` shows it. */
export function asciiRepr(repr: string): string {
  return repr.replace(/[^\0-\x7f]/gu, escapeCode);
}

function escapeCode(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
