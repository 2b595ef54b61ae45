import { Dict } from '../../text/jinja/values.js';
import type { Part } from './part.js';

/** What blocks that no text can stand for are refused with. */
const MEDIA: ReadonlySet<string> = new Set(['image', 'document', 'container_upload']);

/** The type of a content block; a name that is too long to repeat is cut. */
export function typeOf(block: Part): string {
  return block.neededText('type').slice(0, 80);
}

/** @throws RequestError, always */
export function refuseBlock(block: Part, where: string): never {
  const type = typeOf(block);
  const why = MEDIA.has(type)
    ? `\`${type}\` blocks are not supported: this model takes only text`
    : `\`${type}\` blocks are not supported in ${where}`;
  return block.fail(why);
}

/** The text of a `text` or `search_result` block; null = another type. */
export function blockText(block: Part): string | null {
  const type = typeOf(block);
  if (type === 'text') return block.neededText('text');
  return type === 'search_result' ? searchText(block) : null;
}

/** As SGLang writes a search result. */
function searchText(block: Part): string {
  const title = block.text('title') ?? '';
  const source = block.text('source') ?? '';
  const content = (block.children('content') ?? []).map((part) => part.neededText('text'));
  const lines = [
    ['Title: ', title],
    ['Source: ', source],
    ['Content: ', content.join('\n')],
  ] as const;
  return lines
    .filter(([, text]) => text !== '')
    .map(([name, text]) => name + text)
    .join('\n');
}

/** A chat message's content: one text as it is, several as parts. */
export function chatContent(texts: readonly string[]): string | readonly Dict[] {
  const [first = ''] = texts;
  return texts.length < 2 ? first : texts.map(textPart);
}

function textPart(text: string): Dict {
  return Dict.of([
    ['type', 'text'],
    ['text', text],
  ]);
}
