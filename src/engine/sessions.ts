import { randomUUID } from 'node:crypto';

import type { SessionParams } from './request.js';
import type { Generation } from './generation.js';
import { refuse } from '../core/errors.js';

/** Sessions that may be open. */
export const MAX_SESSIONS = 1024;
/** Tokens that all sessions together remember (4 bytes each). */
export const MAX_TOKENS = 16 * 1024 * 1024;
/** What a request costs beside its tokens, in tokens: bounds the number of requests as well. */
const TOKENS_PER_REQUEST = 256;
/** A session that nobody uses for this long is closed, unless it was opened with another time. */
export const DEFAULT_TIMEOUT_S = 3600;

interface Node {
  readonly parent: Node | null;
  readonly promptIds: Int32Array;
  readonly outputIds: readonly number[];
  /** Null once it has ended: log-probabilities and hidden states are not kept. */
  live: Generation | null;
}

interface Session {
  readonly nodes: Map<string, Node>;
  readonly timeoutMs: number;
  usedMs: number;
}

export interface SessionsOptions {
  readonly nowMs: () => number;
  readonly abort: (generation: Generation) => void;
  /** Begins every prompt that the tokenizer makes; null = none. Cut off when a prompt is appended. */
  readonly bosTokenId: number | null;
}

/** Conversations whose tokens the server keeps: a tree of requests per session. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** @returns the id. @throws RequestError when it is taken, or when too many are open */
  open(wantedId: string | null, timeoutS: number | null): string {
    this.#closeIdle();
    const id = wantedId ?? randomUUID().replaceAll('-', '');
    if (this.#sessions.has(id) || this.#sessions.size >= MAX_SESSIONS) {
      refuse('Failed to open the session. Check if a session with the same id is still open.');
    }
    const timeoutMs = 1000 * (timeoutS ?? DEFAULT_TIMEOUT_S);
    this.#sessions.set(id, { nodes: new Map(), timeoutMs, usedMs: this.#options.nowMs() });
    return id;
  }

  /** Unknown ids are no error, as in SGLang. */
  close(id: string): void {
    this.#sessions.delete(id);
  }

  /** The whole prompt of a request that brings `ids`. @throws RequestError */
  extend(params: SessionParams, ids: Int32Array): Int32Array {
    const session = this.#find(params.id);
    const node = params.rid === null ? null : session.nodes.get(params.rid);
    if (node === undefined) return refuse('Invalid request session id');
    if (params.replace) this.#clear(session, node);
    if (node === null) return ids;
    if (!params.replace && node.live !== null) refuse('Invalid request session id');
    const added = ids[0] === this.#options.bosTokenId ? ids.subarray(1) : ids;
    const outputs = params.dropPreviousOutput ? [] : node.outputIds;
    const context = [...node.promptIds, ...outputs];
    const kept = params.offset === 0 ? context : context.slice(0, params.offset);
    return Int32Array.from([...kept, ...added]);
  }

  /** The request was accepted: others may continue from it. Nothing to do if the session is gone. */
  add(params: SessionParams, generation: Generation): void {
    const session = this.#sessions.get(params.id);
    if (session === undefined) return;
    const parent = params.rid === null ? null : (session.nodes.get(params.rid) ?? null);
    const { outputIds, finish } = generation;
    const promptIds = generation.input.req.inputIds;
    const node: Node = { parent, promptIds, outputIds, live: finish === null ? generation : null };
    session.nodes.set(generation.rid, node);
    if (node.live === null) return;
    const stop = generation.updates.listen(() => {
      if (generation.finish === null) return;
      node.live = null;
      stop();
    });
  }

  #find(id: string): Session {
    this.#closeIdle();
    const session = this.#sessions.get(id);
    if (session === undefined) return refuse(`Invalid request: session id ${id} does not exist`);
    if (this.#numTokens() > MAX_TOKENS) refuse('The open sessions remember too many tokens.');
    session.usedMs = this.#options.nowMs();
    return session;
  }

  /** Ends and forgets all nodes, or those below `node`; that one ends and stays. */
  #clear({ nodes }: Session, node: Node | null): void {
    for (const [rid, other] of [...nodes]) {
      if (node !== null && other !== node && !isBelow(other, node)) continue;
      if (other.live !== null) this.#options.abort(other.live);
      if (other !== node) nodes.delete(rid);
    }
  }

  #closeIdle(): void {
    const nowMs = this.#options.nowMs();
    for (const [id, session] of this.#sessions) {
      if (nowMs - session.usedMs > session.timeoutMs) this.#sessions.delete(id);
    }
  }

  #numTokens(): number {
    let sum = 0;
    for (const { nodes } of this.#sessions.values()) {
      for (const { promptIds, outputIds } of nodes.values()) {
        sum += TOKENS_PER_REQUEST + promptIds.length + outputIds.length;
      }
    }
    return sum;
  }
}

function isBelow(node: Node, ancestor: Node): boolean {
  for (let at = node.parent; at !== null; at = at.parent) if (at === ancestor) return true;
  return false;
}
