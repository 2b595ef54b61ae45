import type { Schema } from '../../http/fields.js';

/** The document as one page of HTML that needs nothing else: no script, no font, no other host. */
export function page(document: Schema): string {
  const paths = Object.entries(asSchema(document['paths']));
  const operations = paths.flatMap(([path, item]) =>
    Object.entries(asSchema(item)).map(([method, one]) => ({ path, method, ...read(one) })),
  );
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const sections = tags.map((tag) => {
    const own = operations.filter((one) => one.tag === tag);
    return `<h2>${escape(tag)}</h2>\n${own.map(section).join('\n')}`;
  });
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Radish</title><style>${STYLE}</style></head>
<body>
<h1>Radish</h1>
<p>The same for programs: <a href="openapi.json">openapi.json</a></p>
${sections.join('\n')}
</body>
</html>
`;
}

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
summary { cursor: pointer } code { font-size: .9em } b { display: inline-block; min-width: 4rem }
table { border-collapse: collapse; margin: .5rem 0 1rem 1rem } td { padding: .1rem .8rem .1rem 0; vertical-align: top }`;

interface Shown {
  readonly tag: string;
  readonly summary: string;
  readonly fields: readonly (readonly [name: string, type: string, about: string])[];
  readonly statuses: readonly (readonly [status: string, about: string])[];
}

function read(operation: unknown): Shown {
  const { tags, summary, requestBody, responses } = asSchema(operation);
  const content = asSchema(asSchema(asSchema(requestBody)['content'])['application/json']);
  const { properties } = asSchema(content['schema']);
  return {
    tag: Array.isArray(tags) ? String(tags[0]) : '',
    summary: textOf(summary),
    fields: Object.entries(asSchema(properties)).map(([name, one]) => {
      const schema = asSchema(one);
      return [name, typeName(schema), textOf(schema['description'])];
    }),
    statuses: Object.entries(asSchema(responses)).map(([status, one]) => [
      status,
      textOf(asSchema(one)['description']),
    ]),
  };
}

function section({ path, method, summary, fields, statuses }: Shown & Where): string {
  const rows = [...fields, ...statuses.map(([status, about]) => [status, '', about] as const)];
  const cells = rows.map(
    ([name, type, about]) =>
      `<tr><td><code>${escape(name)}</code></td><td>${escape(type)}</td><td>${escape(about)}</td></tr>`,
  );
  return `<details><summary><b>${method.toUpperCase()}</b> <code>${escape(path)}</code> ${escape(summary)}</summary>
<table>${cells.join('')}</table></details>`;
}

interface Where {
  readonly path: string;
  readonly method: string;
}

/** What a value may be, in a few words. */
function typeName(schema: Schema): string {
  const { type, anyOf, enum: choices, $ref } = schema;
  if ($ref !== undefined) return 'object';
  if (Array.isArray(choices)) return choices.map((one) => JSON.stringify(one)).join(', ');
  if (Array.isArray(anyOf)) {
    const names = anyOf.map((one) => typeName(asSchema(one)));
    return [...new Set(names)].filter((name) => name !== 'null' && name !== '').join(' or ');
  }
  return Array.isArray(type) ? type.join(' or ') : textOf(type);
}

function asSchema(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? (value as Schema) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"]/g, (char) => ENTITIES[char] ?? char);
}
