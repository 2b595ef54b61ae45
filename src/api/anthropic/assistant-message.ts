import { Dict } from '../../text/jinja/values.js';
import { blockText, chatContent, refuseBlock, typeOf } from './blocks.js';
import type { Part } from './part.js';

/** The parts of an assistant's turn by what they become. */
interface Turn {
  readonly callIds: Set<string>;
  readonly texts: string[];
  readonly thoughts: string[];
  readonly calls: Dict[];
}

/** What each type of block adds to the turn; others are refused. */
const BLOCKS: Readonly<Record<string, (block: Part, turn: Turn) => void>> = {
  thinking: (block, { thoughts }) => {
    const thought = block.text('thinking') ?? '';
    if (thought !== '') thoughts.push(thought);
  },
  // Only its maker can read it.
  redacted_thinking: () => undefined,
  tool_use: (block, { calls, callIds }) => {
    callIds.add(block.neededText('id'));
    calls.push(callOf(block));
  },
};

/** A turn of the assistant as a chat message. @param callIds learns those of its calls. @throws RequestError */
export function assistantMessage(turn: Part, callIds: Set<string>): Dict {
  const read = readTurn(turn, callIds);
  const message = Dict.of([['role', 'assistant']]);
  if (read.thoughts.length > 0) message.set('reasoning_content', read.thoughts.join('\n'));
  if (read.texts.length > 0 || read.calls.length === 0) {
    message.set('content', chatContent(read.texts));
  }
  if (read.calls.length > 0) message.set('tool_calls', read.calls);
  return message;
}

function readTurn(turn: Part, callIds: Set<string>): Turn {
  const read: Turn = { callIds, texts: [], thoughts: [], calls: [] };
  const content = turn.value('content');
  if (typeof content === 'string') return { ...read, texts: [content] };
  for (const block of turn.children('content') ?? turn.missing('content')) {
    const type = typeOf(block);
    if (Object.hasOwn(BLOCKS, type)) BLOCKS[type]?.(block, read);
    else read.texts.push(blockText(block) ?? refuseBlock(block, 'a message of the assistant'));
  }
  return read;
}

function callOf(block: Part): Dict {
  const input = block.child('input')?.dict ?? new Dict();
  const called = Dict.of([
    ['name', block.neededText('name')],
    ['arguments', input],
  ]);
  return Dict.of([
    ['id', block.neededText('id')],
    ['type', 'function'],
    ['function', called],
  ]);
}
