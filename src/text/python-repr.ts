const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A text as Python's `repr` shows it, which SGLang's messages do: clients match on them. */
export function pythonRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = Array.from(text, (char) =>
    char === quote ? `\\${char}` : (ESCAPES[char] ?? escapeControl(char)),
  );
  return quote + body.join('') + quote;
}

function escapeControl(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
  return isControl ? `\\x${code.toString(16).padStart(2, '0')}` : char;
}
