/**
 * A scheduler of nonsense for the cache actor: requests over a tiny vocabulary start, grow, finish, are
 * resumed and dropped in random order. Every answer is compared with {@link PrefixOracle}'s, and the "bytes" that
 * each page would have on the device are tracked, so a page that is freed too early shows as wrong bytes.
 */
import assert from 'node:assert/strict';
import { CacheActor } from '../../src/cache/cache-actor.js';
import type { InsertRequest, MatchRequest } from '../../src/cache/prefix-cache.js';
import type { Random } from '../../src/core/clock.js';
import type {
  CacheOp,
  CacheReply,
  InsertPrefix,
  KeptState,
  Matched,
  TreeKey,
} from '../../src/messages.js';
import { PrefixOracle } from './prefix-oracle.js';

/** A request as this scheduler sees it. `pages` hold rows from 0 on and are the tree's, by `lock`. */
interface Holder {
  readonly num: number;
  readonly namespace: string;
  tokens: Int32Array;
  readonly prefillTokens: number;
  pages: number[];
  lock: number;
  /** Of its match, to be read while it holds the lock; -1 = none. */
  readonly statePlace: number;
}

export interface DriverOptions {
  readonly random: Random;
  readonly pageSizeTokens: number;
  readonly vocabularySize: number;
  readonly numPages: number;
  /** Places for states; 0 = rows are enough to go on from. */
  readonly numPlaces: number;
}

const TREE: TreeKey = '0:0';
/** Every match asks why it found no more: that must change nothing. */
const ASKER = { tenant: '', explains: true };
const HOLDERS_MAX = 8;
const PROMPT_PAGES_MAX = 7;
const SEEN_MAX = 12;

export class CacheDriver {
  readonly #actor = new CacheActor();
  readonly #oracle: PrefixOracle;
  readonly #random: Random;
  /** What the device would have in each page: the rows' name, or who is about to write it. */
  readonly #bytes: string[];
  #holders: Holder[] = [];
  #leased: number[] = [];
  /** What the device would have in each place: the rows' name and how they were made. */
  readonly #stateBytes: string[];
  #leasedPlaces: number[] = [];
  #num = 0;
  readonly #seen: Int32Array[] = [];
  /** Kinds of misses that matches were told. */
  readonly misses = new Set<string>();
  numStatesMatched = 0;

  constructor(private readonly options: DriverOptions) {
    const { numPages, pageSizeTokens, numPlaces, random } = options;
    this.#random = random;
    this.#oracle = new PrefixOracle(numPages, pageSizeTokens, numPlaces);
    this.#stateBytes = Array.from({ length: numPlaces }, () => 'free');
    this.#bytes = Array.from({ length: numPages }, () => 'free');
    this.#ask({
      op: 'open',
      tree: TREE,
      numPages,
      pageSizeTokens,
      disabled: false,
      weightsEpoch: 0,
      numStatePlaces: numPlaces,
    });
  }

  /** One random operation, then everything is checked. Throws AssertionError. */
  step(): void {
    const dice = this.#random();
    if (dice < 0.2) this.#lease();
    else if (dice < 0.25) this.#giveBack();
    else if (dice < 0.5) this.#match();
    else if (dice < 0.83) this.#insert();
    else if (dice < 0.9) this.#unlock();
    else if (dice < 0.93) this.#probe();
    else if (dice < 0.935) this.#flush();
    else if (dice < 0.965) this.#leaseStates();
    else if (dice < 0.97) this.#giveBackStates();
    else this.#misuse();
    this.#checkAll();
  }

  /** Drops everything: afterwards all pages must be free or evictable. */
  drain(): void {
    while (this.#holders.length > 0) this.#unlock();
    this.#ask({ op: 'return', tree: TREE, pages: Int32Array.from(this.#leased) });
    this.#oracle.giveBack(this.#leased.length);
    this.#leased = [];
    this.#ask({ op: 'returnStates', tree: TREE, places: Int32Array.from(this.#leasedPlaces) });
    this.#oracle.giveBackStates(this.#leasedPlaces.length);
    this.#leasedPlaces = [];
    this.#checkAll();
    const state = this.#actor.snapshot()[0];
    assert.ok(state);
    assert.equal(state.freePages + state.evictablePages, state.totalPages);
  }

  #lease(): void {
    const numPages = this.#below(7);
    const reply = this.#answer({ op: 'lease', tree: TREE, numPages }, 'leased');
    assert.equal(reply.asked, numPages);
    assert.equal(reply.pages.length, this.#oracle.lease(numPages), 'pages leased');
    for (const page of reply.pages) {
      assert.ok(!this.#leased.includes(page), `page ${page} is leased twice`);
      this.#bytes[page] = 'overwritten';
      this.#leased.push(page);
    }
  }

  #giveBack(): void {
    const pages = Int32Array.from(this.#leased.splice(0, this.#below(5)));
    this.#ask({ op: 'return', tree: TREE, pages });
    this.#oracle.giveBack(pages.length);
  }

  #leaseStates(): void {
    const numPlaces = this.#below(5);
    const reply = this.#answer({ op: 'leaseStates', tree: TREE, numPlaces }, 'leasedStates');
    assert.equal(reply.places.length, this.#oracle.leaseStates(numPlaces), 'places leased');
    for (const place of reply.places) {
      assert.ok(!this.#leasedPlaces.includes(place), `place ${place} is leased twice`);
      this.#stateBytes[place] = 'overwritten';
      this.#leasedPlaces.push(place);
    }
  }

  #giveBackStates(): void {
    const places = Int32Array.from(this.#leasedPlaces.splice(0, this.#below(3)));
    this.#ask({ op: 'returnStates', tree: TREE, places });
    this.#oracle.giveBackStates(places.length);
  }

  #match(): void {
    if (this.#holders.length >= HOLDERS_MAX) return;
    const request = this.#randomMatch();
    const num = ++this.#num;
    const { pages: expected, statePlace, numRowPages } = this.#oracle.expectMatch(request);
    const reply = this.#answer({ op: 'match', num, tree: TREE, ...request, ...ASKER }, 'matched');
    assert.deepEqual([...reply.pages], expected, 'pages matched');
    assert.equal(reply.numTokens, expected.length * this.options.pageSizeTokens);
    assert.equal(reply.lock > 0, expected.length > 0);
    const { numPlaces, pageSizeTokens } = this.options;
    const state = { place: statePlace, numRowTokens: numRowPages * pageSizeTokens };
    assert.deepEqual(reply.state, numPlaces > 0 ? state : undefined, 'the state matched');
    if (statePlace >= 0) this.numStatesMatched++;
    this.#checkMiss(request, reply);
    this.#oracle.matched(request, expected.length, reply.lock);
    const { namespace, tokens, prefillTokens } = request;
    const { lock } = reply;
    const held = { pages: expected, lock, statePlace };
    this.#holders.push({ num, namespace, tokens, prefillTokens, ...held });
  }

  /** The miss is in the page behind the match, at a token that is not what the cached prompt has there. */
  #checkMiss({ tokens }: MatchRequest, { miss, numTokens }: Matched): void {
    if (miss === null) return;
    this.misses.add(miss.cause);
    const { pageSizeTokens } = this.options;
    const position = miss.position ?? -1;
    assert.equal(Math.floor(position / pageSizeTokens) * pageSizeTokens, numTokens, 'the miss');
    if (miss.expectedToken === null) return;
    this.misses.add('fork');
    assert.notEqual(tokens[position], miss.expectedToken, 'what was expected instead');
  }

  #randomMatch(): MatchRequest {
    const tokens = this.#randomTokens();
    const isResumed = this.#random() < 0.5;
    return {
      namespace: this.#random() < 0.8 ? '' : 'other',
      tokens,
      maxTokens: this.#random() < 0.7 ? tokens.length - 1 : this.#below(tokens.length + 1),
      prefillTokens: isResumed ? this.#below(tokens.length + 1) : tokens.length,
      strict: this.#random() < 0.3,
    };
  }

  #insert(): void {
    const holder = this.#takeHolder();
    if (holder === undefined) return;
    const numDecoded = this.#below(2 * this.options.pageSizeTokens + 1);
    const decoded = this.#randomTokens().subarray(0, numDecoded);
    holder.tokens = Int32Array.of(...holder.tokens, ...decoded);
    const request = this.#randomInsert(holder);
    this.#writePages(holder, request);
    this.#writeStates(holder, request);
    const reply = this.#ask({ op: 'insert', num: holder.num, tree: TREE, ...request });
    if (!request.relock) {
      assert.equal(reply, null);
      this.#oracle.insert(request, 0);
      return;
    }
    assert.equal(reply?.op, 'inserted');
    const expected = this.#oracle.insert(request, reply.lock);
    assert.deepEqual([...reply.pages], expected, 'canonical pages');
    this.#holders.push({ ...holder, pages: expected, lock: reply.lock, statePlace: -1 });
  }

  /** Some prefix of the holder's rows: what it has of the tree's, and the rest in leased pages. */
  #randomInsert(holder: Holder): InsertRequest {
    const { namespace, tokens, prefillTokens, lock } = holder;
    const numWhole = Math.floor(tokens.length / this.options.pageSizeTokens);
    const numOwn =
      this.#random() < 0.7 ? holder.pages.length : this.#below(holder.pages.length + 1);
    const numPages = this.#random() < 0.7 ? numWhole : this.#below(numWhole + 1);
    const brought = this.#leased.splice(0, Math.max(0, numPages - numOwn));
    const pages = Int32Array.from([
      ...holder.pages.slice(0, Math.min(numOwn, numPages)),
      ...brought,
    ]);
    const relock = this.#random() < 0.5;
    const { tenant } = ASKER;
    const rows = { namespace, tenant, tokens, pages, ownFrom: numOwn, prefillTokens };
    return { ...rows, lock, relock, ...this.#someStates(pages.length) };
  }

  /** Behind some of the pages. */
  #someStates(numPages: number): { readonly states?: readonly KeptState[] } {
    const states: KeptState[] = [];
    for (let page = 1; page <= numPages; page++) {
      if (this.#random() < 0.6 && page < numPages) continue;
      const place = this.#leasedPlaces.pop();
      if (place === undefined) break;
      states.push({ numTokens: page * this.options.pageSizeTokens, place });
    }
    return states.length === 0 ? {} : { states };
  }

  #writeStates({ namespace }: Holder, { tokens, states = [], prefillTokens }: InsertRequest): void {
    for (const { numTokens, place } of states) {
      const isDecoded = numTokens > prefillTokens;
      this.#stateBytes[place] = this.#stateName({ namespace, tokens }, numTokens, isDecoded);
    }
  }

  #stateName(
    { namespace, tokens }: Pick<Holder, 'namespace' | 'tokens'>,
    numTokens: number,
    isDecoded: boolean,
  ): string {
    const page = numTokens / this.options.pageSizeTokens - 1;
    return `${this.#oracle.key(namespace, tokens, page)} ${isDecoded ? 'decoded' : 'prefilled'}`;
  }

  #writePages({ namespace }: Holder, { tokens, pages, ownFrom }: InsertRequest): void {
    for (let i = ownFrom; i < pages.length; i++) {
      this.#bytes[pages[i] ?? -1] = this.#oracle.key(namespace, tokens, i);
    }
  }

  #unlock(): void {
    const holder = this.#takeHolder();
    if (holder === undefined || holder.lock === 0) return;
    this.#ask({ op: 'unlock', tree: TREE, lock: holder.lock });
    this.#oracle.unlock(holder.lock);
  }

  #probe(): void {
    const tokens = this.#randomTokens();
    const reply = this.#answer({ op: 'probe', num: 1, namespace: '', tokens }, 'probed');
    assert.deepEqual(reply.matches, [{ tree: TREE, numTokens: this.#oracle.probe('', tokens) }]);
  }

  #flush(): void {
    this.#answer({ op: 'flush', id: 1 }, 'flushed');
    this.#oracle.flush();
  }

  /** Each must be refused and change nothing, which the check after it sees. */
  #misuse(): void {
    const num = 1;
    const tokens = this.#randomTokens();
    const unleased = this.#bytes.findIndex((_, page) => !this.#leased.includes(page));
    const pages = Int32Array.of(unleased);
    const first = this.#leased[0] ?? 0;
    const insert: InsertPrefix = {
      op: 'insert',
      num,
      tree: TREE,
      namespace: '',
      tenant: '',
      tokens,
      pages,
      ownFrom: 0,
      prefillTokens: tokens.length,
      lock: 0,
      relock: true,
    };
    const wrong: readonly CacheOp[] = [
      { op: 'unlock', tree: TREE, lock: 1_000_000_000 },
      { op: 'unlock', tree: '7:7', lock: 1 },
      { op: 'return', tree: TREE, pages: Int32Array.of(...this.#leased, unleased) },
      { op: 'return', tree: TREE, pages: Int32Array.of(...this.#leased, first) },
      { op: 'return', tree: TREE, pages: Int32Array.of(-1) },
      { op: 'lease', tree: TREE, numPages: -1 },
      insert,
      { ...insert, ownFrom: 1 },
      { ...insert, lock: 1_000_000_000 },
      { ...insert, pages: Int32Array.from(this.#leased), tokens: new Int32Array(0), ownFrom: -1 },
      { ...insert, pages: new Int32Array(0), states: [{ numTokens: 0, place: 0 }] },
      { op: 'returnStates', tree: TREE, places: Int32Array.of(-1) },
      { op: 'returnStates', tree: TREE, places: Int32Array.of(...this.#leasedPlaces, 999) },
      { op: 'leaseStates', tree: TREE, numPlaces: -1 },
    ];
    const op = wrong[this.#below(wrong.length)];
    assert.ok(op);
    this.#answer(op, 'fault');
  }

  #checkAll(): void {
    assert.deepEqual(this.#actor.check(), []);
    const state = this.#actor.snapshot()[0];
    assert.ok(state);
    const { freePages, evictablePages, lockedPages, leasedPages } = state;
    const counts = { freePages, evictablePages, lockedPages, leasedPages };
    assert.deepEqual(counts, this.#oracle.counts());
    const { numPlaces } = this.options;
    assert.deepEqual(state.states, numPlaces > 0 ? this.#oracle.stateCounts() : undefined);
    for (const holder of this.#holders) this.#checkBytes(holder);
  }

  #checkBytes({ namespace, tokens, pages, statePlace, prefillTokens }: Holder): void {
    if (statePlace >= 0) {
      const numTokens = pages.length * this.options.pageSizeTokens;
      const names = [false, true].map((isDecoded) =>
        this.#stateName({ namespace, tokens }, numTokens, isDecoded),
      );
      // What it decoded itself must be as it was made; of its prompt only who is strict may not have that.
      if (numTokens > prefillTokens) names.shift();
      assert.ok(names.includes(this.#stateBytes[statePlace] ?? ''), `bytes of place ${statePlace}`);
    }
    pages.forEach((page, i) => {
      assert.equal(
        this.#bytes[page],
        this.#oracle.key(namespace, tokens, i),
        `bytes of page ${page}`,
      );
    });
  }

  /** Often a part of what an earlier request had, so that long runs of pages are shared and cut. */
  #randomTokens(): Int32Array {
    const fresh = this.#freshTokens();
    const earlier = this.#seen[this.#below(SEEN_MAX)];
    const isFresh = earlier === undefined || this.#random() < 0.4;
    const tokens = isFresh
      ? fresh
      : Int32Array.of(...this.#someOf(earlier), ...this.#someOf(fresh));
    this.#seen[this.#below(SEEN_MAX)] = tokens.subarray(
      0,
      PROMPT_PAGES_MAX * this.options.pageSizeTokens,
    );
    return tokens;
  }

  /** Pages of few different kinds, at any page size. */
  #freshTokens(): Int32Array {
    const { pageSizeTokens, vocabularySize } = this.options;
    const length = 1 + this.#below(PROMPT_PAGES_MAX * pageSizeTokens);
    const tokens = new Int32Array(length);
    for (let start = 0; start < length; start += pageSizeTokens) {
      tokens.fill(this.#below(vocabularySize), start, start + pageSizeTokens);
    }
    if (this.#random() < 0.2) tokens[this.#below(length)] = this.#below(vocabularySize);
    return tokens;
  }

  /** Half of the time whole. */
  #someOf(tokens: Int32Array): Int32Array {
    return this.#random() < 0.5 ? tokens : tokens.subarray(0, this.#below(tokens.length + 1));
  }

  #takeHolder(): Holder | undefined {
    return this.#holders.splice(this.#below(this.#holders.length), 1)[0];
  }

  #below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  #ask(op: CacheOp): CacheReply | null {
    const replies = this.#actor.handle({ kind: 'ops', ops: [op] })?.replies ?? [];
    assert.ok(replies.length <= 1);
    const reply = replies[0] ?? null;
    if (reply?.op === 'fault')
      assert.ok(reply.message.length > 0 && !reply.message.includes('bug'));
    return reply;
  }

  #answer<Kind extends CacheReply['op']>(
    op: CacheOp,
    kind: Kind,
  ): Extract<CacheReply, { op: Kind }> {
    const reply = this.#ask(op);
    assert.equal(reply?.op, kind);
    return reply as Extract<CacheReply, { op: Kind }>;
  }
}
