import type { CacheMiss } from '../../core/cache-miss.js';
import type { SchedulerConfig } from '../../core/scheduler-config.js';
import type { MatchedState, MatchPrefix, TreeKey } from '../../messages.js';
import type { DeviceLink } from '../devices/link.js';
import type { Req } from '../req.js';
import { worthwhileTokens } from '../worthwhile.js';

/** A locked prefix; pages are the tree's. */
interface Prefix {
  readonly numTokens: number;
  readonly pages: Int32Array;
  /** 0 = nothing to unlock. */
  readonly lock: number;
  readonly miss: CacheMiss | null;
  readonly state?: MatchedState;
}

const NOTHING: Prefix = { numTokens: 0, pages: new Int32Array(0), lock: 0, miss: null };

/**
 * A prefix that the cache actor was asked for on behalf of a waiting request: asked ahead of time, and
 * locked in the tree from the answer until the request is seated with it or gives it up.
 */
export class Match {
  #found = NOTHING;
  /** `abandoned`: to be unlocked as soon as the answer comes. */
  #status: 'pending' | 'abandoned' | 'ready';
  /** Longest prefix of this request that was inserted after the question was asked, in tokens. */
  #insertedSinceTokens = 0;
  /** The longest of them that the same tenant's requests inserted. */
  #ownInsertedSinceTokens = 0;

  /** @param isKnown without a question: nothing is cached */
  constructor(
    readonly tree: TreeKey,
    readonly askedAtMs: number,
    isKnown: boolean,
  ) {
    this.#status = isKnown ? 'ready' : 'pending';
  }

  get isReady(): boolean {
    return this.#status === 'ready';
  }

  get isPending(): boolean {
    return this.#status === 'pending';
  }

  get numTokens(): number {
    return this.#found.numTokens;
  }

  get pages(): Int32Array {
    return this.#found.pages;
  }

  get lock(): number {
    return this.#found.lock;
  }

  /** Where the state behind it is; null = rows are enough, or nothing was asked. */
  get state(): MatchedState | null {
    return this.#found.state ?? null;
  }

  /** Why the trees had no more; null unless it was asked for. */
  get miss(): CacheMiss | null {
    return this.#found.miss;
  }

  /** Tokens of this request that others of its tenant inserted since the question was asked. */
  get ownInsertedSinceTokens(): number {
    return this.#ownInsertedSinceTokens;
  }

  answer(found: Prefix): void {
    this.#status = 'ready';
    this.#found = found;
  }

  abandon(): void {
    this.#status = 'abandoned';
  }

  noteInserted(numTokens: number, isOwn: boolean): void {
    this.#insertedSinceTokens = Math.max(this.#insertedSinceTokens, numTokens);
    if (isOwn) this.#ownInsertedSinceTokens = Math.max(this.#ownInsertedSinceTokens, numTokens);
  }

  /** A much longer prefix was inserted since the question was asked. */
  isStale(link: DeviceLink): boolean {
    const now = link.wholePages(this.#insertedSinceTokens) * link.limits.pageSizeTokens;
    return now >= this.numTokens + worthwhileTokens(link.limits);
  }
}

/** What to ask the cache actor; null when the answer is known to be nothing. */
export function matchOp(config: SchedulerConfig, link: DeviceLink, req: Req): MatchPrefix | null {
  const maxTokens = matchableTokens(config, req);
  if (config.disableRadixCache || maxTokens < link.limits.pageSizeTokens) return null;
  const { namespace, tenant, inputIds, explainsMiss } = req.input;
  const explains = explainsMiss && req.started === null;
  return {
    op: 'match',
    num: req.num,
    tree: link.tree,
    namespace,
    tenant,
    tokens: explains ? inputIds : req.tokens(maxTokens),
    maxTokens,
    prefillTokens: Math.min(maxTokens, req.promptLen),
    strict: config.deterministic,
    explains,
  };
}

/**
 * Own outputs of a resumed request are matched too, but not when answers must never depend on the cache:
 * decode-made rows of the same tokens may stand on rows that another request did not get from prefill.
 */
function matchableTokens({ deterministic }: SchedulerConfig, req: Req): number {
  return deterministic ? Math.min(req.maxMatchTokens, req.promptLen) : req.maxMatchTokens;
}
