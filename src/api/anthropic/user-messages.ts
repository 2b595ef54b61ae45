import { Dict } from '../../text/jinja/values.js';
import { blockText, chatContent, refuseBlock, typeOf } from './blocks.js';
import type { Part } from './part.js';

/**
 * A user's turn as chat messages, in its own order: results of tools are messages of their own.
 * @param callIds of the calls so far. @throws RequestError
 */
export function userMessages(turn: Part, callIds: ReadonlySet<string>): readonly Dict[] {
  const content = turn.value('content');
  if (typeof content === 'string') return [userMessage([content])];
  const blocks = turn.children('content') ?? turn.missing('content');
  if (blocks.length === 0) turn.fail('all messages must have non-empty content');
  const messages: Dict[] = [];
  let texts: string[] = [];
  const flush = (): void => {
    if (texts.length > 0) messages.push(userMessage(texts));
    texts = [];
  };
  for (const block of blocks) {
    if (typeOf(block) === 'tool_result') {
      flush();
      messages.push(toolMessage(block, callIds));
    } else {
      texts.push(blockText(block) ?? refuseBlock(block, 'a message of the user'));
    }
  }
  flush();
  return messages;
}

function userMessage(texts: readonly string[]): Dict {
  return Dict.of([
    ['role', 'user'],
    ['content', chatContent(texts)],
  ]);
}

function toolMessage(block: Part, callIds: ReadonlySet<string>): Dict {
  const id = block.neededText('tool_use_id');
  if (!callIds.has(id)) {
    block.fail(
      `unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id.slice(0, 200)}. ` +
        'Each `tool_result` block must have a corresponding `tool_use` block before it',
    );
  }
  return Dict.of([
    ['role', 'tool'],
    ['tool_call_id', id],
    ['content', chatContent(resultTexts(block))],
  ]);
}

/** What a call gave; a failure that says nothing is told as one. */
function resultTexts(block: Part): readonly string[] {
  const isError = block.flag('is_error') ?? false;
  const content = block.value('content');
  const texts =
    typeof content === 'string'
      ? [content]
      : (block.children('content') ?? []).map((part) => resultText(part));
  return isError && texts.join('') === '' ? ['Error'] : texts;
}

/** All tools are in the prompt already: a reference to one is its name. */
function resultText(part: Part): string {
  if (typeOf(part) === 'tool_reference') return part.neededText('tool_name');
  return blockText(part) ?? refuseBlock(part, 'a tool result');
}
