import { EventNumbers, type NumberedEvent } from './events.js';
import type { EventSource } from './follow.js';
import type { Item } from './item.js';
import { OpenCall, OpenMessage, OpenReasoning, type OpenItem } from './open-item.js';
import { begunAgain, endType, type ResponseObject } from './response.js';

/** A response that has ended as the stream that it could have been, one delta an item. */
export function replayOf(response: ResponseObject): EventSource {
  const begun = begunAgain(response);
  const numbers = new EventNumbers();
  const events: NumberedEvent[] = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    ...response.output.flatMap(itemEvents),
    { type: endType(response), response },
  ].map((event) => numbers.number(event));
  return { events, isEnded: true, onNews: () => () => undefined };
}

function itemEvents(item: Item, index: number): ReturnType<OpenItem['open']> {
  const made = reopened(item, index);
  if (made === null) return [];
  const { open, text, logprobs } = made;
  const status = 'status' in item && item.status === 'incomplete' ? 'incomplete' : 'completed';
  const begun = open.open();
  return [...begun, ...open.add(text, logprobs), ...open.close(status, logprobs)];
}

interface Reopened {
  readonly open: OpenItem;
  readonly text: string;
  readonly logprobs: unknown;
}

/** Null for what no model writes. */
function reopened(item: Item, index: number): Reopened | null {
  switch (item.type) {
    case 'message': {
      const [part] = item.content;
      if (part?.type !== 'output_text') return null;
      const { text, logprobs } = part;
      return { open: new OpenMessage(index, item.id), text, logprobs };
    }
    case 'reasoning': {
      const wishes = {
        isSummary: item.summary.length > 0,
        isSealed: item.encrypted_content !== null,
      };
      const text = item.content[0]?.text ?? '';
      return { open: new OpenReasoning(index, wishes, item.id), text, logprobs: [] };
    }
    case 'function_call': {
      const called = { callId: item.call_id, name: item.name };
      return { open: new OpenCall(index, called, item.id), text: item.arguments, logprobs: [] };
    }
    default:
      return null;
  }
}
