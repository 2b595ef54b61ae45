import type { JinjaNode } from './jinja.js';

/** `openai` = the template walks a message's content as a list of parts; `string` = it prints it. */
export type ContentFormat = 'string' | 'openai';

/**
 * SGLang's look at a template: one that loops over `message.content`, or over a variable that was set from
 * it, wants parts.
 */
export function contentFormatOf(program: JinjaNode): ContentFormat {
  const nodes = [...walk(program)];
  const aliases = new Set(
    nodes
      .filter((node) => node.type === 'Set' && isContent(node['value'], new Set()))
      .map((node) => nameOf(node['assignee'])),
  );
  const wantsParts = nodes.some(
    (node) => node.type === 'For' && isContent(iterableOf(node), aliases),
  );
  return wantsParts ? 'openai' : 'string';
}

/** `for x in list if test` keeps the list one level down. */
function iterableOf(loop: JinjaNode): unknown {
  const iterable = loop['iterable'];
  return isNode(iterable) && iterable.type === 'SelectExpression' ? iterable['lhs'] : iterable;
}

/** `message.content`, `message['content']`, an alias of it, or any of these through a filter. */
function isContent(node: unknown, aliases: ReadonlySet<unknown>): boolean {
  if (!isNode(node)) return false;
  if (node.type === 'FilterExpression') return isContent(node['operand'], aliases);
  if (node.type === 'Identifier') return aliases.has(node['value']);
  return node.type === 'MemberExpression' && nameOf(node['property']) === 'content';
}

function nameOf(node: unknown): unknown {
  return isNode(node) ? node['value'] : null;
}

function* walk(value: unknown): Generator<JinjaNode> {
  if (value instanceof Map) {
    yield* walk([...value.entries()]);
  } else if (Array.isArray(value)) {
    for (const item of value) yield* walk(item);
  } else if (isNode(value)) {
    yield value;
    for (const child of Object.values(value)) yield* walk(child);
  }
}

function isNode(value: unknown): value is JinjaNode {
  return typeof value === 'object' && value !== null && 'type' in value;
}
