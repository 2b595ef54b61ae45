import { refuseForm } from './errors.js';
import { followEvents } from './follow.js';
import { byTail, type Act, type Acts, type Call } from './http.js';
import { responseOf } from './kept.js';
import { pageOf } from './list.js';
import { replayOf } from './replay.js';
import type { Store } from './store.js';

/** What can be asked of a response that is kept, by method. */
export function storedActs(store: Store): Readonly<Record<'GET' | 'POST' | 'DELETE', Act>> {
  const get: Acts = {
    '': (call, id) => {
      retrieve(call, id, store);
    },
    input_items: ({ request, sink, asker }, id) => {
      sink.answer(pageOf(responseOf(store, asker.tenant, id).input.all(), request.query));
    },
  };
  const post: Acts = {
    cancel: ({ sink, asker }, id) => {
      const entry = responseOf(store, asker.tenant, id);
      entry.run?.cancel();
      sink.answer(entry.shown);
    },
  };
  const remove: Acts = {
    '': ({ sink, asker }, id) => {
      const entry = responseOf(store, asker.tenant, id);
      store.delete(id);
      entry.run?.cancel();
      sink.answer({ id, object: 'response', deleted: true });
    },
  };
  return { GET: byTail(get), POST: byTail(post), DELETE: byTail(remove) };
}

/** As it is now, or with `stream=true` its events: of one that was not made in the background as they could have been. */
function retrieve({ request, sink, asker }: Call, id: string, store: Store): void {
  const entry = responseOf(store, asker.tenant, id);
  if (!isTrue(request.query.get('stream'))) {
    sink.answer(entry.shown);
    return;
  }
  followEvents(entry.run ?? replayOf(entry.response), sink, startingAfter(request.query));
}

function isTrue(text: string | null): boolean {
  return text !== null && /^(?:1|true)$/i.test(text);
}

function startingAfter(query: URLSearchParams): number {
  const text = query.get('starting_after');
  if (text === null) return -1;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  return refuseForm('starting_after', 'starting_after must be the number of an event.');
}
