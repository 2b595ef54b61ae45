import { RequestError } from '../../core/errors.js';
import type { BackgroundRun } from './background-run.js';
import { KeptConversation, KeptResponse } from './kept.js';
import type { ResponsesRequest } from './request.js';
import type { ResponseObject } from './response.js';
import type { Store } from './store.js';
import { Turn } from './turn.js';

export interface Ending {
  readonly request: ResponsesRequest;
  /** All that it continues, and its own input. */
  readonly turn: Turn;
  readonly run: BackgroundRun | null;
  /** Whether the response itself is to be found later. */
  readonly isKept: boolean;
}

/** Before anybody hears that it ended, so that whoever hears it can go on from there. */
export function keepEnded(response: ResponseObject, ending: Ending, store: Store): void {
  const { request, turn, run, isKept } = ending;
  const after = new Turn(turn, response.output, turn.tenant);
  if (isKept) keepOrCancel(new KeptResponse(response, after, run), store);
  if (request.conversation === null || response.status === 'failed') return;
  const entry = store.get(turn.tenant, request.conversation);
  if (!(entry instanceof KeptConversation)) return;
  const isNext = entry.turn === turn.before;
  const items = [...turn.items, ...response.output];
  keepOrCancel(
    entry.with({ turn: isNext ? after : new Turn(entry.turn, items, turn.tenant) }),
    store,
  );
}

/** What finds no room is not kept, and what is made for nobody else ends. */
export function keepOrCancel(entry: KeptResponse | KeptConversation, store: Store): void {
  try {
    store.put(entry);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (entry instanceof KeptResponse) entry.run?.cancel();
  }
}
