import { ControlTimeout } from '../../../actor/control.js';
import { RequestError } from '../../../core/errors.js';
import type { DecodeIds } from './node-texts.js';
import { CacheTopic } from './cache-topic.js';
import { EngineTopic } from './engine-topic.js';
import { ExpertsTopic } from './experts-topic.js';
import type { WatchParts } from './parts.js';
import { RequestsTopic } from './requests-topic.js';
import { TokenRates } from './token-rates.js';
import type { WatchState, WatchTopic } from './types.js';
import type { Watcher } from './watcher.js';

/** All topics that somebody watches, from the first watcher to the last. */
export class Watched {
  readonly #parts: WatchParts;
  readonly #rates = new TokenRates();
  #engine: EngineTopic | null = null;
  #requests: RequestsTopic | null = null;
  #cache: CacheTopic | null = null;
  #experts: ExpertsTopic | null = null;
  #atMs = 0;
  /** What several watchers see alike is made once. */
  #made = new Map<string, unknown>();

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /**
   * Reads all that those want to see whose turn it is, and goes on to count for `all`. All questions are asked at once,
   * before anything is waited for, so that none follows {@link end}. What is not answered in time stays as it was;
   * rejects for what is a bug.
   */
  async read(due: readonly Watcher[], all: readonly Watcher[]): Promise<void> {
    this.#listenTo(topicsOf(all));
    const wanted = topicsOf(due);
    const nowMs = Date.now();
    // Of the devices' counts the cache alone wants its hits.
    const needsState = wanted.has('engine') || (wanted.has('cache') && this.#rates.isDue(nowMs));
    const reads = await Promise.allSettled([
      needsState ? this.#readState() : null,
      wanted.has('requests') ? this.#requests?.read() : null,
      wanted.has('experts') ? this.#experts?.read(nowMs) : null,
      this.#readCache(due, nowMs),
    ]);
    for (const read of reads) {
      if (read.status === 'rejected' && !isLate(read.reason)) throw read.reason;
    }
    this.#atMs = Date.now();
    this.#made = new Map();
  }

  /** Null while a part of it has not been read yet. */
  stateFor({ wish, rights }: Watcher): WatchState | null {
    const { text, admin } = rights();
    const parts: Record<string, unknown> = {};
    for (const topic of wish.topics) {
      const key =
        topic === 'cache' ? JSON.stringify([topic, text, wish.sight]) : `${topic} ${text}`;
      const made = this.#made.get(key) ?? this.#make(topic, wish.sight, text);
      if (made === null) return null;
      this.#made.set(key, made);
      parts[topic] = made;
    }
    return { at: this.#atMs, rights: { text, admin }, ...parts };
  }

  /** Nobody watches any more. */
  end(): void {
    this.#listenTo(new Set());
  }

  #make(topic: WatchTopic, sight: Watcher['wish']['sight'], text: boolean): object | null {
    switch (topic) {
      case 'engine':
        return this.#engine?.state(text) ?? null;
      case 'requests':
        return this.#requests?.state(text) ?? null;
      case 'cache':
        return this.#cache?.state(sight, text) ?? null;
      case 'experts':
        return this.#experts?.state ?? null;
    }
  }

  async #readState(): Promise<void> {
    const read = await this.#parts.engine.desk.readState();
    const isSample = this.#rates.sample(read.devices, Date.now());
    this.#engine?.take(read, isSample);
  }

  async #readCache(watchers: readonly Watcher[], nowMs: number): Promise<void> {
    const mine = watchers.filter(({ wish }) => wish.topics.has('cache'));
    if (this.#cache === null || mine.length === 0) return;
    const wantsText = mine.some(({ rights }) => rights().text);
    await this.#cache.read(
      mine.map(({ wish }) => wish.sight),
      wantsText,
      nowMs,
    );
  }

  /** Topics that nobody watches any more cost nothing any more. */
  #listenTo(topics: ReadonlySet<WatchTopic>): void {
    const { engine } = this.#parts;
    if (topics.has('engine')) this.#engine ??= new EngineTopic(this.#parts, this.#rates);
    else this.#engine = leave(this.#engine);
    if (topics.has('requests')) this.#requests ??= new RequestsTopic(engine);
    else this.#requests = leave(this.#requests);
    if (topics.has('cache')) this.#cache ??= this.#cacheTopic();
    else this.#cache = leave(this.#cache);
    if (topics.has('experts')) this.#experts ??= this.#expertsTopic();
    else this.#experts = null;
  }

  #cacheTopic(): CacheTopic {
    const { args, cache, model } = this.#parts;
    const { tokenizer } = model;
    const decode: DecodeIds | null =
      tokenizer === null ? null : (ids) => tokenizer.decode(ids, false);
    return new CacheTopic({
      cache,
      rates: this.#rates,
      isEnabled: !args.disableRadixCache,
      pageSizeTokens: args.pageSize,
      decode,
    });
  }

  #expertsTopic(): ExpertsTopic {
    const { args, cache, model } = this.#parts;
    const mode = args.expertDistributionRecorderMode;
    return new ExpertsTopic({ cache, moe: model.spec.moe, mode });
  }
}

function topicsOf(watchers: readonly Watcher[]): ReadonlySet<WatchTopic> {
  return new Set(watchers.flatMap(({ wish }) => [...wish.topics]));
}

/** The other thread is busy or gone: others tell of that. */
function isLate(error: unknown): boolean {
  return error instanceof ControlTimeout || error instanceof RequestError;
}

function leave(topic: { end(): void } | null): null {
  topic?.end();
  return null;
}
