import t from 'tap';

import { FailureNotes } from '../../../../../src/api/failure-notes.js';
import { patched } from '../../../../../src/api/ws/watch/merge-patch.js';
import type {
  WatchRights,
  WatchState,
  WatchUpdate,
} from '../../../../../src/api/ws/watch/types.js';
import { MAX_WATCHES, WatchHub } from '../../../../../src/api/ws/watch/watch-hub.js';
import { CacheActor } from '../../../../../src/cache/cache-actor.js';
import type { Failure } from '../../../../../src/core/errors.js';
import type { AnswerSink, EventStream } from '../../../../../src/engine/answer-sink.js';
import type { CacheReads } from '../../../../../src/engine/cache-reads.js';
import { ControlTimeout } from '../../../../../src/actor/control.js';
import { Engine } from '../../../../../src/engine/engine.js';
import { GENERATE } from '../../../../../src/engine/request-kinds.js';
import { cacheReads } from '../../../../doubles/cache-reads.js';
import { ScriptedScheduler } from '../../../../doubles/scripted-scheduler.js';
import { inputsOf } from '../../../engine/inputs.js';
import { defaultArgs, servedModel } from '../../test-app.js';

const SIZE = { promptLen: 3, maxNewTokens: 5 };
const ALL = { topics: ['engine', 'requests', 'cache', 'experts'] };
const TEXT: WatchRights = { text: true, admin: true };
const LENGTHS: WatchRights = { text: false, admin: false };

/** A reader that reads when the test lets it. */
class Reader implements AnswerSink, EventStream {
  readonly marksEnd = true;
  isWritable = true;
  isClosed = false;
  readonly updates: WatchUpdate[] = [];
  state: WatchState | null = null;
  ended: unknown = undefined;
  failure: Failure | null = null;
  leave: () => void = () => undefined;

  onAbortable(abort: () => void): void {
    this.leave = abort;
  }
  startEvents(): EventStream {
    return this;
  }
  send(value: unknown): void {
    // Over the wire and back.
    const update = JSON.parse(JSON.stringify(value)) as WatchUpdate;
    this.updates.push(update);
    if (update.kind === 'snapshot') this.state = update.state;
    else if (this.state !== null) this.state = patched(this.state, update.patch);
  }
  end(value: unknown): void {
    this.ended = value;
  }
  fail(failure: Failure): void {
    this.failure = failure;
  }
  onDrain(): void {
    return;
  }
  answer(): void {
    return;
  }
  noteFailure(): void {
    return;
  }

  /** Settles when so many updates have come. */
  async has(num: number): Promise<this> {
    while (this.updates.length < num) await new Promise((resolve) => setTimeout(resolve, 5));
    return this;
  }
}

class Rig {
  readonly scheduler = new ScriptedScheduler();
  readonly actor = new CacheActor();
  readonly failures = new FailureNotes();
  readonly errors: unknown[] = [];
  readonly asked: string[] = [];
  readonly engine: Engine;
  readonly hub: WatchHub;

  constructor(cache: Partial<CacheReads> = {}) {
    const clock = { nowMs: () => performance.now() };
    this.engine = new Engine({ scheduler: this.scheduler, clock, onLog: () => undefined });
    const reads = cacheReads(this.actor);
    const noted: CacheReads = {
      ...reads,
      look: (wishes) => {
        this.asked.push('look');
        return reads.look(wishes);
      },
      stopLooking: () => {
        this.asked.push('stop');
        return reads.stopLooking();
      },
      ...cache,
    };
    const parts = {
      args: defaultArgs(),
      version: '0',
      engine: this.engine,
      model: servedModel(),
      limits: { maxTotalTokens: 1024, slotLength: 200, maxRunningRequests: 8 },
      cache: noted,
      failures: this.failures,
      isDraining: () => false,
    };
    this.hub = new WatchHub(parts, (error) => this.errors.push(error));
  }

  watch(body: object = ALL, rights: WatchRights = TEXT): Reader {
    const reader = new Reader();
    this.hub.watch(body as Record<string, unknown>, reader, () => rights);
    return reader;
  }

  /** Caches the tokens on the only device. */
  keep(tokens: readonly number[], namespace = ''): void {
    const ops = (op: Parameters<CacheActor['handle']>[0]['ops'][number]) =>
      this.actor.handle({ kind: 'ops', ops: [op] })?.replies[0];
    const tree = '0:1';
    if (this.actor.snapshot().length === 0) {
      const size = { numPages: 64, pageSizeTokens: 1, disabled: false, weightsEpoch: 0 };
      ops({ op: 'open', tree, ...size });
    }
    const leased = ops({ op: 'lease', tree, numPages: tokens.length });
    const pages = leased?.op === 'leased' ? leased.pages : new Int32Array(0);
    ops({
      op: 'insert',
      num: 1,
      tree,
      namespace,
      tenant: 'somebody',
      tokens: Int32Array.from(tokens),
      pages,
      prefillTokens: tokens.length,
      ownFrom: 0,
      lock: 0,
      relock: false,
    });
  }
}

const ids = (text: string): number[] => [...Buffer.from(text)];

t.test('a snapshot, then what leads from each state to the next', async (t) => {
  const rig = new Rig();
  const reader = rig.watch();
  await reader.has(1);
  t.match(reader.updates[0], { kind: 'snapshot', seq: 0 });
  t.match(reader.state, {
    rights: TEXT,
    engine: { server: { model: 'org/tiny' }, state: 'serving', devices: { '0:1': { rank: 0 } } },
    requests: { running: 0, live: {}, finished: {} },
    cache: { enabled: true, page_size: 16, trees: {} },
    experts: { available: 'none', recording: false, layers: {} },
  });
  rig.keep(ids('hello'));
  const submitted = rig.engine.submit(GENERATE, inputsOf(SIZE, { rid: 'mine' }));
  await submitted;
  await reader.has(3);
  t.ok(reader.updates.slice(1).every(({ kind }) => kind === 'difference'));
  t.same(
    reader.updates.map(({ seq }) => seq),
    reader.updates.map((_, i) => i),
  );
  const { requests, cache } = reader.state ?? {};
  t.match(Object.values(requests?.live ?? {}), [
    { rid: 'mine', state: 'decode', prompt_tokens: 3, output_tokens: 0, max_new_tokens: 5 },
  ]);
  t.equal(cache?.trees['0:1']?.tokens, 5);
  const [request] = rig.scheduler.live.values();
  if (request !== undefined) rig.scheduler.run(request, [65, 66], { type: 'stop', matched: 66 });
  while (Object.keys(reader.state?.requests?.finished ?? {}).length === 0) {
    await reader.has(reader.updates.length + 1);
  }
  t.match(Object.values(reader.state?.requests?.finished ?? {}), [
    { rid: 'mine', reason: 'stop', output_tokens: 2, prompt_tokens: 3 },
  ]);
  while (reader.state?.engine?.latency.ttft_ms === undefined) {
    await reader.has(reader.updates.length + 1);
  }
  t.match(reader.state.engine.latency, { ttft_ms: { count: 1 }, inter_token_ms: { count: 1 } });
  reader.leave();
  t.equal(reader.ended, null, 'its last event');
  t.same(rig.errors, []);
});

t.test('nobody watching costs nothing: no question, no listener, no timer', async (t) => {
  const rig = new Rig();
  const listening = () =>
    ['progressed', 'finished'].map((name) => rig.engine.events.listenerCount(name as 'finished'));
  t.same(listening(), [0, 0]);
  t.same(rig.scheduler.received, []);
  const readers = [rig.watch(), rig.watch({ topics: ['cache'] })];
  await Promise.all(readers.map((reader) => reader.has(1)));
  t.same(listening(), [1, 2]);
  t.match(rig.scheduler.received[0], { kind: 'profile', isOn: true });
  readers[0]?.leave();
  const isOff = () => rig.scheduler.received.some((one) => one.kind === 'profile' && !one.isOn);
  while (!isOff()) await new Promise((resolve) => setTimeout(resolve, 5));
  const numStates = () => rig.scheduler.received.filter(({ kind }) => kind === 'readState').length;
  const [states, looks] = [numStates(), rig.asked.length];
  while (rig.asked.length < looks + 2) await new Promise((resolve) => setTimeout(resolve, 5));
  t.ok(numStates() - states <= 2, 'the cache alone is watched: its hits are counted once a second');
  t.same(listening(), [0, 0]);
  readers[1]?.leave();
  const numAsked = rig.scheduler.received.length;
  const { length } = rig.asked;
  t.equal(rig.asked.at(-1), 'stop', 'the cache actor is told');
  await new Promise((resolve) => setTimeout(resolve, 600));
  t.equal(rig.scheduler.received.length, numAsked);
  t.equal(rig.asked.length, length);
});

t.test('who leaves while it is read leaves nothing behind', async (t) => {
  const reads = cacheReads(new CacheActor());
  let goOn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let numLooks = 0;
  const rig = new Rig({
    look: async (wishes) => {
      numLooks += 1;
      await held;
      return reads.look(wishes);
    },
  });
  const reader = rig.watch();
  while (numLooks === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  reader.leave();
  goOn();
  await new Promise((resolve) => setTimeout(resolve, 400));
  t.equal(reader.updates.length, 0);
  t.equal(rig.asked.at(-1), 'stop', 'the cache actor is told');
  const next = rig.watch();
  await next.has(1);
  next.leave();
});

t.test(
  'a slow reader is told what leads to the newest state, and nothing waits for it',
  async (t) => {
    const rig = new Rig();
    const slow = rig.watch();
    const quick = rig.watch();
    await Promise.all([slow.has(1), quick.has(1)]);
    slow.isWritable = false;
    for (let i = 0; i < 4; i++) {
      rig.keep(ids(`${i} is a prompt`));
      await quick.has(quick.updates.length + 1);
    }
    t.equal(slow.updates.length, 1);
    slow.isWritable = true;
    rig.keep(ids('one more'));
    await slow.has(2);
    t.match(slow.updates[1], { kind: 'difference', seq: 1 }, 'one for all');
    await quick.has(quick.updates.length + 1);
    while (slow.state?.at !== quick.state?.at) await quick.has(quick.updates.length + 1);
    t.strictSame(slow.state, quick.state);
    slow.leave();
    quick.leave();
  },
);

t.test('what is shown can change under way', async (t) => {
  const rig = new Rig();
  rig.keep(ids('abc'));
  rig.keep(ids('abd'));
  const reader = new Reader();
  const watch = rig.hub.watch({ topics: ['engine'] }, reader, () => TEXT);
  await reader.has(1);
  t.notOk(reader.state?.cache);
  watch.change({ topics: ['cache'] });
  await reader.has(2);
  t.match(reader.updates.at(-1), { kind: 'snapshot', seq: 1 });
  const shown = Object.entries(reader.state?.cache?.trees['0:1']?.shown ?? {});
  const [focus] = shown.find(([, { text }]) => text === 'ab') ?? ['-1'];
  watch.change({ topics: ['cache'], cache: { focus: Number(focus) } });
  await reader.has(3);
  t.equal(reader.state?.cache?.focus, Number(focus));
  t.throws(() => {
    watch.change({ topics: ['all'] });
  }, /Each of topics must be one of "engine"/);
  reader.leave();
});

t.test('who wants to be told seldom is, and nobody else waits for it', async (t) => {
  const rig = new Rig();
  const seldom = rig.watch({ topics: ['requests'], every_ms: 60_000 });
  await seldom.has(1);
  const askedBefore = rig.scheduler.received.length;
  await new Promise((resolve) => setTimeout(resolve, 600));
  t.equal(rig.scheduler.received.length, askedBefore, 'nothing is asked for it meanwhile');
  const often = rig.watch({ topics: ['requests'] });
  await often.has(1);
  await rig.engine.submit(GENERATE, inputsOf(SIZE, {}));
  await often.has(2);
  t.equal(seldom.updates.length, 1);
  seldom.leave();
  often.leave();
});

t.test('what makes no sense is refused', (t) => {
  const rig = new Rig();
  const bad: readonly (readonly [object, RegExp])[] = [
    [{}, /topics must be a list/],
    [{ topics: [] }, /topics must be a list/],
    [{ topics: 'engine' }, /topics must be a list/],
    [{ topics: ['engine', 'keys'] }, /Each of topics/],
    [{ topics: ['cache'], every_ms: 100 }, /every_ms must be in \[250, 60000\]/],
    [{ topics: ['cache'], cache: 5 }, /cache must be an object/],
    [{ topics: ['cache'], cache: { max_nodes: 5000 } }, /max_nodes must be in \[16, 4096\]/],
    [{ topics: ['cache'], cache: { focus: 'top' } }, /focus must be an integer/],
  ];
  for (const [body, message] of bad) {
    t.throws(() => rig.watch(body), { code: 'INVALID_REQUEST', message });
  }
  const readers = Array.from({ length: MAX_WATCHES }, () => rig.watch());
  t.throws(() => rig.watch(), { code: 'QUEUE_FULL', message: /At most 16 watches/ });
  readers[0]?.leave();
  readers[0] = rig.watch();
  for (const reader of readers) reader.leave();
  t.end();
});

t.test('texts are shown to who has the right to them, and to nobody else', async (t) => {
  const rig = new Rig();
  const secrets = ['the secret prompt', 'my-salt', 'secret sentence', 'secret reason'];
  rig.keep(ids('the secret prompt'), JSON.stringify([null, 'my-salt', 'x']));
  rig.failures.note({
    status: 400,
    method: 'POST',
    path: '/generate',
    id: 'x',
    sentence: 'This is a secret sentence.',
  });
  const [reader, owner] = [rig.watch(ALL, LENGTHS), rig.watch(ALL, TEXT)];
  await reader.has(1);
  await rig.engine.submit(
    GENERATE,
    inputsOf(SIZE, { inputIds: Int32Array.from(ids('the secret prompt')) }),
  );
  const [request] = rig.scheduler.live.values();
  const aborted = { type: 'abort', message: 'a secret reason', code: null } as const;
  if (request !== undefined) rig.scheduler.finish(request.num, aborted);
  while (Object.keys(reader.state?.requests?.finished ?? {}).length === 0) {
    await reader.has(reader.updates.length + 1);
  }
  await owner.has(3);
  const told = JSON.stringify(reader.updates);
  for (const secret of secrets) t.notOk(told.includes(secret), secret);
  t.notOk(told.includes('"text":"'), 'no text at all');
  t.match(reader.state, {
    rights: LENGTHS,
    engine: { failures: { refused: 1, newest: { 0: { status: 400, path: '/generate' } } } },
    cache: { trees: { '0:1': { tokens: 17 } } },
  });
  const shown = JSON.stringify(owner.state);
  for (const secret of secrets.filter((one) => one !== 'my-salt'))
    t.ok(shown.includes(secret), secret);
  t.notOk(shown.includes('my-salt'), 'a namespace is nobody’s');
  reader.leave();
  owner.leave();
});

t.test('a bug ends the watches, once, and is logged', async (t) => {
  const broken = {
    look: () => Promise.resolve({ views: [{ focus: null, trees: [null] }] } as never),
  };
  const rig = new Rig(broken);
  const reader = rig.watch({ topics: ['cache'] });
  while (reader.failure === null) await new Promise((resolve) => setTimeout(resolve, 5));
  t.match(reader.failure, { code: 'INTERNAL' });
  t.equal(rig.errors.length, 1);
  await new Promise((resolve) => setTimeout(resolve, 400));
  t.equal(rig.errors.length, 1);
});

t.test('a thread that does not answer leaves the rest as it was', async (t) => {
  let isLate = false;
  const rig: Rig = new Rig({
    look: (wishes) =>
      isLate
        ? Promise.reject(new ControlTimeout('no answer'))
        : Promise.resolve(rig.actor.look(wishes)),
  });
  rig.keep(ids('abc'));
  const reader = rig.watch();
  await reader.has(1);
  isLate = true;
  await rig.engine.submit(GENERATE, inputsOf(SIZE, {}));
  await new Promise((resolve) => setTimeout(resolve, 800));
  t.match(reader.state, { requests: { running: 1 }, cache: { trees: { '0:1': { tokens: 3 } } } });
  t.same(rig.errors, []);
  reader.leave();
});
