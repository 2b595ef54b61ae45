import { walkNodes, type Body, type Expression } from './jinja/ast.js';

/** `openai` = the template walks a message's content as a list of parts; `string` = it prints it. */
export type ContentFormat = 'string' | 'openai';

/** A template that names one of these shows media, which come as parts. */
const MEDIA = ['image', 'audio', 'video', 'vision'];
/** What templates call the message they are at. */
const MESSAGE_NAMES = ['message', 'msg', 'm'];

/**
 * SGLang's look at a template: one that names media or loops over `message.content` wants parts. It follows
 * no other names and no variable that was set from the content, so a template that does both text and parts
 * behind an alias gets texts.
 */
export function contentFormatOf(source: string, program: Body): ContentFormat {
  if (MEDIA.some((word) => source.includes(word))) return 'openai';
  for (const node of walkNodes(program)) {
    if (node.kind === 'for' && isContent(node.iterable)) return 'openai';
  }
  return 'string';
}

/** `message.content`, `message['content']`, or either through filters, tests and slices. */
function isContent(node: Expression): boolean {
  if (node.kind === 'filter') return node.of !== null && isContent(node.of);
  if (node.kind === 'test') return isContent(node.of);
  if (node.kind === 'getitem' && node.key.kind === 'slice') return isContent(node.of);
  if (node.kind === 'getattr') return node.name === 'content' && isMessage(node.of);
  if (node.kind !== 'getitem' || node.key.kind !== 'const') return false;
  return node.key.value === 'content' && isMessage(node.of);
}

function isMessage(node: Expression): boolean {
  return node.kind === 'name' && MESSAGE_NAMES.includes(node.name);
}
