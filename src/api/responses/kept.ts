import type { BackgroundRun } from './background-run.js';
import { notFound, refuseParam } from './errors.js';
import type { Metadata } from './metadata.js';
import type { ResponseObject } from './response.js';
import { sizeOf } from './size-of.js';
import type { Entry, Store } from './store.js';
import type { Turn } from './turn.js';

/** A response as it is kept. */
export class KeptResponse implements Entry {
  readonly tenant: string;
  readonly bytes: number;

  constructor(
    readonly response: ResponseObject,
    /** What was asked, and behind it what was answered. */
    readonly turn: Turn,
    /** Null unless it was made in the background. */
    readonly run: BackgroundRun | null = null,
  ) {
    this.tenant = turn.tenant;
    // Its items are counted with the turn.
    this.bytes = sizeOf({ ...response, output: [] }) + (run?.bytes ?? 0);
  }

  get id(): string {
    return this.response.id;
  }

  get isLive(): boolean {
    return this.run !== null && !this.run.isEnded;
  }

  /** As it is shown: cancelled as soon as that was asked for. */
  get shown(): ResponseObject {
    const isCancelled = this.isLive && this.run?.isCancelled === true;
    return isCancelled ? { ...this.response, status: 'cancelled' } : this.response;
  }

  /** The answer is the last turn once there is one. */
  get input(): Turn {
    return this.isLive || this.turn.before === null ? this.turn : this.turn.before;
  }
}

/** A conversation as it is kept. */
export class KeptConversation implements Entry {
  readonly isLive = false;
  readonly tenant: string;
  readonly bytes: number;

  constructor(
    readonly id: string,
    /** Unix seconds. */
    readonly createdAt: number,
    readonly metadata: Metadata,
    readonly turn: Turn,
  ) {
    this.tenant = turn.tenant;
    this.bytes = sizeOf(metadata);
  }

  shown(): unknown {
    const { id, createdAt, metadata } = this;
    return { id, object: 'conversation', created_at: createdAt, metadata };
  }

  with(changes: { readonly metadata?: Metadata; readonly turn?: Turn }): KeptConversation {
    const { metadata = this.metadata, turn = this.turn } = changes;
    return new KeptConversation(this.id, this.createdAt, metadata, turn);
  }
}

/** @throws ParamError 404 for an id that is not the tenant's, 400 for what is none */
export function responseOf(
  store: Store,
  tenant: string,
  id: string,
  param = 'response_id',
): KeptResponse {
  if (!id.startsWith('resp')) {
    const shown = id.slice(0, 200);
    refuseParam(param, `Invalid '${param}': '${shown}'. Expected an ID that begins with 'resp'.`);
  }
  const entry = store.get(tenant, id);
  if (entry instanceof KeptResponse) return entry;
  return notFound(param, `Response with id '${id.slice(0, 200)}' not found.`);
}

/** @throws ParamError 404 */
export function conversationOf(store: Store, tenant: string, id: string): KeptConversation {
  const entry = store.get(tenant, id);
  if (entry instanceof KeptConversation) return entry;
  return notFound('conversation', `Conversation with id '${id.slice(0, 200)}' not found.`);
}
