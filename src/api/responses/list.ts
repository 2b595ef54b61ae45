import { refuseForm } from './errors.js';
import type { Item } from './item.js';

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 20;
const ORDERS = ['asc', 'desc'];

/** One page of items as OpenAI's lists have them: the newest first, unless `order=asc`. @throws ParamError */
export function pageOf(items: readonly Item[], query: URLSearchParams): unknown {
  const order = query.get('order') ?? 'desc';
  if (!ORDERS.includes(order)) refuseForm('order', `order must be 'asc' or 'desc'.`);
  const sorted = order === 'asc' ? items : items.toReversed();
  const from = placeOf(sorted, query, 'after') + 1;
  const before = query.has('before') ? placeOf(sorted, query, 'before') : sorted.length;
  const rest = sorted.slice(from, before);
  return listOf(rest.slice(0, limitOf(query)), rest.length > limitOf(query));
}

/** A list that is all there is, unless said otherwise. */
export function listOf(data: readonly Item[], hasMore = false): unknown {
  const [first] = data;
  const ids = { first_id: first?.id ?? null, last_id: data.at(-1)?.id ?? null };
  return { object: 'list', data, ...ids, has_more: hasMore };
}

/** -1 = the query does not say. */
function placeOf(items: readonly Item[], query: URLSearchParams, name: string): number {
  const id = query.get(name);
  if (id === null) return -1;
  const place = items.findIndex((item) => item.id === id);
  return place === -1 ? refuseForm(name, `${name} names no item of this list.`) : place;
}

function limitOf(query: URLSearchParams): number {
  const text = query.get('limit') ?? String(DEFAULT_LIMIT);
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  return refuseForm('limit', `limit must be an integer in [1, ${MAX_LIMIT}].`);
}
