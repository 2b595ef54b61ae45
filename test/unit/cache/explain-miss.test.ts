import t from 'tap';
import { CacheActor } from '../../../src/cache/cache-actor.js';
import type { CacheMiss } from '../../../src/core/cache-miss.js';
import type { CacheOp, CacheReply, MatchPrefix, OpenTree } from '../../../src/messages.js';

const PAGE = 4;
const MINE = '0:0';
const OTHER = '1:0';
const NEXT = '0:1';

/** The actor, one act at a time. */
class Asker {
  readonly actor = new CacheActor();

  ask(...ops: CacheOp[]): readonly CacheReply[] {
    const replies = this.actor.handle({ kind: 'ops', ops })?.replies ?? [];
    const fault = replies.find((reply) => reply.op === 'fault');
    if (fault !== undefined) throw new Error(fault.message);
    return replies;
  }

  open(tree: string, more: Partial<OpenTree> = {}): this {
    const size = { numPages: 8, pageSizeTokens: PAGE, disabled: false, weightsEpoch: 0 };
    this.ask({ op: 'open', tree, ...size, ...more });
    return this;
  }

  /** Caches all whole pages. */
  keep(
    tokens: Int32Array,
    more: { tree?: string; namespace?: string; tenant?: string; prefillTokens?: number } = {},
  ): this {
    const { tree = MINE, namespace = '', tenant = '', prefillTokens = tokens.length } = more;
    const numPages = Math.floor(tokens.length / PAGE);
    const [leased] = this.ask({ op: 'lease', tree, numPages });
    const pages = leased?.op === 'leased' ? leased.pages : new Int32Array(0);
    if (pages.length < numPages) throw new Error('too few pages');
    const own = { pages, ownFrom: 0, lock: 0, relock: false };
    this.ask({ op: 'insert', num: 1, tree, namespace, tenant, tokens, prefillTokens, ...own });
    return this;
  }

  why(
    tokens: Int32Array,
    more: Partial<MatchPrefix> = {},
  ): (CacheMiss & { numTokens: number }) | null {
    const lengths = { maxTokens: tokens.length - 1, prefillTokens: tokens.length };
    const wants = { ...lengths, strict: false, explains: true, namespace: '', tenant: '' };
    const [reply] = this.ask({ op: 'match', num: 1, tree: MINE, tokens, ...wants, ...more });
    if (reply?.op !== 'matched') throw new Error('no match');
    if (reply.lock !== 0) this.ask({ op: 'unlock', tree: MINE, lock: reply.lock });
    if (this.actor.check().length > 0) throw new Error('unsound');
    return reply.miss === null ? null : { ...reply.miss, numTokens: reply.numTokens };
  }
}

/** `letters` as tokens. */
function ids(text: string): Int32Array {
  return Int32Array.from(text, (char) => char.charCodeAt(0));
}

const code = (char: string): number => char.charCodeAt(0);

t.test('says where a prompt leaves the one that it is most like', (t) => {
  const asker = new Asker().open(MINE).keep(ids('you are at 12:02')).keep(ids('you are in town!'));
  const why = asker.why(ids('you are at 12:03 now'));
  const fork = { cause: 'never_seen', position: 15, expectedToken: code('2'), numTokens: 12 };
  t.same(why, fork, 'inside the page, at the token itself');
  t.match(asker.why(ids('you are it is')), { position: 9, expectedToken: code('n') });
  t.match(asker.why(ids('you was here')), { position: 4, expectedToken: code('a'), numTokens: 4 });
  const behind = asker.why(ids('you are at 12:02, and so on'));
  t.match(behind, { cause: 'never_seen', position: 16, expectedToken: null }, 'longer than all');
  const foreign = asker.why(ids('something else'));
  t.match(foreign, { cause: 'never_seen', position: 0, expectedToken: null }, 'nothing in common');
  t.end();
});

t.test('of equals the one used last is what a prompt differs from', (t) => {
  const asker = new Asker().open(MINE).keep(ids('sameAAAA')).keep(ids('sameBBBB'));
  t.match(asker.why(ids('sameCCCC!')), { expectedToken: code('B') });
  asker.why(ids('sameAAAA!'));
  t.match(asker.why(ids('sameCCCC!')), { expectedToken: code('A') });
  t.end();
});

t.test('asks nobody who is not asked', (t) => {
  const asker = new Asker().open(MINE).keep(ids('you are at 12:02'));
  t.equal(asker.why(ids('you are at 12:03 now'), { explains: false }), null);
  t.end();
});

t.test('has nothing to say where no whole page is left, or the request stops the match', (t) => {
  const asker = new Asker().open(MINE).keep(ids('you are at 12:02'));
  t.equal(asker.why(ids('you are at 12:02 a')), null, 'less than a page');
  t.equal(asker.why(ids('you are at 12:02 now'), { maxTokens: 9 }), null, 'its own limit');
  t.end();
});

t.test('remembers what was evicted, page by page', (t) => {
  const asker = new Asker().open(MINE);
  asker.keep(ids('aaaabbbbccccdddd')).keep(ids('eeeeffffgggg'));
  asker.keep(ids('hhhhiiii'));
  t.match(asker.why(ids('aaaabbbbccccdddd!')), { cause: 'evicted', position: 12, numTokens: 12 });
  asker.keep(ids('11112222333344445555666677778888'));
  t.match(asker.why(ids('aaaabbbbccccdddd!')), { cause: 'evicted', position: 0, numTokens: 0 });
  asker.keep(ids('aaaabbbb'));
  t.match(asker.why(ids('aaaabbbbccccdddd!')), { cause: 'evicted', position: 8 }, 'from there on');
  t.match(asker.why(ids('aaaabbbbzzzz!')), { cause: 'never_seen' });
  t.end();
});

t.test('remembers what was flushed', (t) => {
  const asker = new Asker().open(MINE).keep(ids('aaaabbbbcccc')).keep(ids('aaaabbbbdddd'));
  asker.ask({ op: 'flush', id: 1 });
  t.match(asker.why(ids('aaaabbbbdddd!')), { cause: 'flushed', position: 0 });
  asker.keep(ids('aaaabbbb'));
  t.match(asker.why(ids('aaaabbbbdddd!')), { cause: 'flushed', position: 8 });
  t.match(asker.why(ids('aaaabbbbeeee!')), { cause: 'never_seen' });
  t.end();
});

t.test('finds it in another namespace of the same tenant', (t) => {
  const asker = new Asker().open(MINE);
  asker.keep(ids('aaaabbbb'), { namespace: 'salt', tenant: 'me' });
  const mine = { tenant: 'me', namespace: 'other' };
  t.match(asker.why(ids('aaaabbbb!'), mine), { cause: 'other_namespace', position: 0 });
  t.match(asker.why(ids('aaaabbbb!'), { tenant: 'me' }), { cause: 'other_namespace' });
  asker.keep(ids('aaaa'), mine);
  t.match(asker.why(ids('aaaabbbb!'), mine), { cause: 'other_namespace', position: 4 });
  t.match(asker.why(ids('aaaacccc!'), mine), { cause: 'never_seen' });
  t.end();
});

t.test('finds it on another device', (t) => {
  const asker = new Asker().open(MINE).open(OTHER).keep(ids('aaaabbbb'), { tree: OTHER });
  t.match(asker.why(ids('aaaabbbb!')), { cause: 'other_device', position: 0 });
  asker.keep(ids('aaaa'));
  t.match(asker.why(ids('aaaabbbb!')), { cause: 'other_device', position: 4 });
  t.end();
});

t.test('knows what other weights made, while their device serves and after', (t) => {
  const asker = new Asker().open(MINE).keep(ids('aaaabbbb')).open(NEXT, { weightsEpoch: 1 });
  const now = { tree: NEXT };
  t.match(asker.why(ids('aaaabbbb!'), now), { cause: 'other_weights', position: 0 });
  asker.ask({ op: 'close', tree: MINE });
  t.match(asker.why(ids('aaaabbbb!'), now), { cause: 'other_weights', position: 0 });
  t.match(asker.why(ids('aaaacccc!'), now), { cause: 'other_weights' }, 'its first page');
  t.match(asker.why(ids('ccccaaaa!'), now), { cause: 'never_seen' });
  t.end();
});

t.test('knows what went with a device that died', (t) => {
  const asker = new Asker().open(MINE).keep(ids('aaaabbbb'));
  asker.ask({ op: 'close', tree: MINE });
  asker.open(NEXT);
  t.match(asker.why(ids('aaaabbbb!'), { tree: NEXT }), { cause: 'device_lost', position: 0 });
  t.end();
});

t.test('tells rows of an answer from those of a prompt', (t) => {
  const asker = new Asker().open(MINE).keep(ids('aaaabbbb'), { prefillTokens: 4 });
  const strict = { strict: true };
  t.match(asker.why(ids('aaaabbbb!'), strict), { cause: 'decode_made', position: 4 });
  t.equal(asker.why(ids('aaaabbbb!')), null, 'without determinism they are as good as any');
  asker.ask({ op: 'flush', id: 1 });
  asker.keep(ids('aaaa'));
  t.match(asker.why(ids('aaaabbbb!'), strict), { cause: 'decode_made' }, 'gone or not');
  t.match(asker.why(ids('aaaabbbb!')), { cause: 'flushed' });
  t.end();
});

t.test('never tells one tenant of what another one has cached', (t) => {
  const theirs = { tenant: 'they' };
  const me = { tenant: 'me' };
  const never = { cause: 'never_seen', expectedToken: null };
  const prompt = ids('secret is: 1234');
  const guess = ids('secret is: 9999!');
  const cases: Readonly<Record<string, (asker: Asker) => Asker>> = {
    'beside it': (asker) => asker.keep(prompt, theirs),
    'in their namespace': (asker) => asker.keep(guess, { ...theirs, namespace: 'salt' }),
    'on another device': (asker) => asker.open(OTHER).keep(guess, { ...theirs, tree: OTHER }),
    evicted: (asker) => asker.keep(guess, theirs).keep(ids('x'.repeat(4 * 8)), theirs),
    flushed: (asker) => {
      asker.keep(guess, theirs).ask({ op: 'flush', id: 1 });
      return asker;
    },
    'of their answers': (asker) => asker.keep(guess, { ...theirs, prefillTokens: 8 }),
  };
  for (const [name, cache] of Object.entries(cases)) {
    const why = cache(new Asker().open(MINE)).why(guess, { ...me, strict: true });
    t.match(why, never, name);
    t.equal(why?.position, why?.numTokens, `${name}: not even how far it is alike`);
  }
  t.end();
});
