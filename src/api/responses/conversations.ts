import type { JsonObject } from '../../http/json.js';
import { fieldOf, parseJsonObject, parseOptionalObject } from '../../http/json.js';
import type { Route } from '../../http/router.js';
import { notFound, refuseForm, refuseParam } from './errors.js';
import { CONVERSATION_FIELDS, MAX_ADDED_ITEMS } from './fields.js';
import { byTail, nestedRoute, type Acts, type Call } from './http.js';
import { newId } from './ids.js';
import type { Item } from './item.js';
import { conversationOf, KeptConversation } from './kept.js';
import { listOf, pageOf } from './list.js';
import { parseMetadata } from './metadata.js';
import { parseItems } from './parse-items.js';
import type { Store } from './store.js';
import { Turn } from './turn.js';

const PATH = '/v1/conversations';

/** `/v1/conversations`: what responses with a `conversation` continue and add to. */
export function conversationRoutes(store: Store, dpSize: number): readonly Route[] {
  const here = new Conversations(store);
  return [
    nestedRoute({ method: 'POST', path: PATH, dpSize }, (call) => here.create(call)),
    nestedRoute({ method: 'GET', path: `${PATH}/*`, dpSize }, (call) => {
      here.get(call);
    }),
    nestedRoute({ method: 'POST', path: `${PATH}/*`, dpSize }, byTail(here.posts)),
    nestedRoute({ method: 'DELETE', path: `${PATH}/*`, dpSize }, (call) => {
      here.delete(call);
    }),
  ];
}

class Conversations {
  readonly posts: Acts = {
    '': async (call, id) => {
      const metadata = parseMetadata(fieldOf(await bodyOf(call), 'metadata'));
      this.#change(call, this.#find(call, id).with({ metadata }));
    },
    items: async (call, id) => {
      const items = this.#items(await bodyOf(call), call);
      const kept = this.#find(call, id);
      this.#store.put(kept.with({ turn: new Turn(kept.turn, items, kept.tenant) }));
      call.sink.answer(listOf(items));
    },
  };
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async create(call: Call): Promise<void> {
    const body = parseOptionalObject(await call.request.readBody(), CONVERSATION_FIELDS);
    const items = fieldOf(body, 'items') === null ? [] : this.#items(body, call);
    const metadata = parseMetadata(fieldOf(body, 'metadata'));
    const turn = new Turn(null, items, call.asker.tenant);
    const createdAt = Math.floor(Date.now() / 1000);
    this.#change(call, new KeptConversation(newId('conv'), createdAt, metadata, turn));
  }

  get(call: Call): void {
    const { kept, itemId, isItems } = this.#named(call);
    const { sink, request } = call;
    if (itemId !== null) sink.answer(itemOf(kept, itemId));
    else sink.answer(isItems ? pageOf(kept.turn.all(), request.query) : kept.shown());
  }

  delete(call: Call): void {
    const { kept, itemId, isItems } = this.#named(call);
    if (itemId === null) {
      if (isItems) notFound('path', 'Not Found');
      this.#store.delete(kept.id);
      call.sink.answer({ id: kept.id, object: 'conversation.deleted', deleted: true });
      return;
    }
    const gone = itemOf(kept, itemId);
    const items = kept.turn.all().filter((item) => item !== gone);
    this.#change(call, kept.with({ turn: new Turn(null, items, kept.tenant) }));
  }

  /** `{id}`, `{id}/items` or `{id}/items/{item}`. */
  #named(call: Call): { kept: KeptConversation; itemId: string | null; isItems: boolean } {
    const [id = '', what, itemId = null, ...rest] = call.tail;
    if ((what !== undefined && what !== 'items') || rest.length > 0) notFound('path', 'Not Found');
    return { kept: this.#find(call, id), itemId, isItems: what === 'items' };
  }

  #find({ asker }: Call, id: string): KeptConversation {
    return conversationOf(this.#store, asker.tenant, id);
  }

  #change({ sink }: Call, kept: KeptConversation): void {
    this.#store.put(kept);
    sink.answer(kept.shown());
  }

  #items(body: JsonObject, { asker }: Call): readonly Item[] {
    const given = fieldOf(body, 'items');
    if (!Array.isArray(given)) return refuseForm('items', 'items must be a list of items.');
    if (given.length > MAX_ADDED_ITEMS) {
      refuseParam('items', `At most ${MAX_ADDED_ITEMS} items may be added at a time.`);
    }
    return parseItems(given, 'items', (id) => this.#store.findItem(asker.tenant, id));
  }
}

async function bodyOf({ request }: Call): Promise<JsonObject> {
  return parseJsonObject(await request.readBody(), CONVERSATION_FIELDS);
}

function itemOf({ turn }: KeptConversation, id: string): Item {
  const item = turn.all().find((one) => one.id === id);
  return item ?? notFound('item_id', `Item with id '${id.slice(0, 200)}' not found.`);
}
