export type Attributes = Readonly<Record<string, string | number>>;

/** An element on lines of its own; pixels are rounded to tenths. */
export function element(
  name: string,
  attributes: Attributes,
  content: string | readonly string[] = '',
): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${shown(value)}"`);
  const inside = typeof content === 'string' ? content : `\n${content.join('\n')}\n`;
  const start = `<${name}${written.join('')}`;
  return inside === '' ? `${start}/>` : `${start}>${inside}</${name}>`;
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function shown(value: string | number): string {
  const text = typeof value === 'number' ? String(Math.round(value * 10) / 10) : escaped(value);
  return text.replaceAll('"', '&quot;');
}

export function label(attributes: Attributes, text: string): string {
  return element('text', attributes, escaped(text));
}
