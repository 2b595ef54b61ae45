import { mock } from 'node:test';
import t, { type Test } from 'tap';
import { createHeart } from '../../../src/actor/heart.js';
import { GrammarThread } from '../../../src/boot/grammar-thread.js';
import type { GrammarWorkerEvents } from '../../../src/boot/grammar-worker.js';
import { RequestError } from '../../../src/core/errors.js';
import type { ToGrammars } from '../../../src/messages.js';
import { vocabularyOf } from '../../doubles/vocabulary.js';

const TIMED_OUT = 'Grammar preprocessing timed out.';
const CRASHED = new RequestError('INTERNAL', 'The grammar thread failed: please try again.');
const SHUT = new RequestError('SHUTTING_DOWN', 'The server is shutting down.');

/** A thread that compiles what it is told to, and says so when it is told to. */
class FakeWorker {
  readonly heart = createHeart();
  readonly #events: GrammarWorkerEvents;
  readonly #asked: { id: number; pattern: string; isAnswered: boolean }[] = [];
  isEnded = false;

  constructor(events: GrammarWorkerEvents) {
    this.#events = events;
  }

  /** In the order in which they came. */
  get patterns(): string[] {
    return this.#asked.map(({ pattern }) => pattern);
  }

  post(message: ToGrammars): void {
    if (message.kind !== 'prepare' || message.spec.kind !== 'regex') return;
    this.#asked.push({ id: message.id, pattern: message.spec.pattern, isAnswered: false });
  }

  /** The oldest grammar is compiled. */
  answer(failure: string | null = null): void {
    const oldest = this.#asked.find(({ isAnswered }) => !isAnswered);
    if (oldest === undefined) return;
    oldest.isAnswered = true;
    this.#events.onPrepared({ kind: 'prepared', id: oldest.id, failure });
  }

  crash(): void {
    this.#events.onError(new Error('it broke'));
  }

  end(): Promise<void> {
    this.isEnded = true;
    return Promise.resolve();
  }
}

function rig(t: Test) {
  mock.timers.enable({ apis: ['setTimeout'] });
  const workers: FakeWorker[] = [];
  const warnings: string[] = [];
  const thread = new GrammarThread({
    vocabulary: () => Promise.resolve(vocabularyOf(['<|end|>', 'a'])),
    board: { numSlots: 1, vocabSize: 2 },
    space: { pattern: null, isFixed: false },
    log: { warn: (line) => warnings.push(line) },
    startWorker: (_, events) => {
      const worker = new FakeWorker(events);
      workers.push(worker);
      return worker;
    },
  });
  t.teardown(async () => {
    mock.timers.reset();
    await thread.stop();
  });
  const ended: string[] = [];
  /** Asks for one; `ended` says in which order they ended, and how. */
  const ask = (pattern: string): AbortController => {
    const leaving = new AbortController();
    thread.prepare({ kind: 'regex', pattern }, leaving.signal).then(
      (failure) => ended.push(`${pattern}: ${failure ?? 'ok'}`),
      (error: unknown) => {
        const { code, message } = error as RequestError;
        ended.push(`${pattern}: ${code} ${message}`);
      },
    );
    return leaving;
  };
  const last = (): FakeWorker => {
    const worker = workers.at(-1);
    if (worker === undefined) throw new Error('no thread was started');
    return worker;
  };
  return { thread, workers, warnings, ended, ask, last };
}

/** What was promised is settled. */
const settled = (): Promise<void> => new Promise(setImmediate);

async function pass(ms: number): Promise<void> {
  await settled();
  mock.timers.tick(ms);
  await settled();
}

/** All that waits is compiled. */
async function answerAll(worker: FakeWorker): Promise<void> {
  for (let i = 0; i < 10; i++) {
    worker.answer();
    await settled();
  }
}

t.test('a grammar that takes too long fails alone; the others go on in their order', async (t) => {
  const { ask, ended, last, workers, warnings } = rig(t);
  for (const pattern of ['slow', 'b', 'c', 'd']) ask(pattern);
  await pass(9_999);
  t.strictSame(ended, []);
  await pass(1);
  t.strictSame(ended, [`slow: ${TIMED_OUT}`]);
  t.strictSame(warnings, ['The grammar thread is replaced: a grammar took too long to compile']);
  t.ok(workers[0]?.isEnded);
  t.equal(workers.length, 2);
  await answerAll(last());
  t.strictSame(ended.slice(1), ['b: ok', 'c: ok', 'd: ok']);
  t.strictSame(last().patterns, ['b', 'c', 'd']);
});

t.test('the time of a grammar begins when it is its turn', async (t) => {
  const { ask, ended, last, workers } = rig(t);
  for (const pattern of ['slow', 'slower', 'c']) ask(pattern);
  await pass(9_000);
  last().answer();
  await pass(9_000);
  t.strictSame(ended, ['slow: ok'], 'slower has had 9 s of its own');
  await pass(1_000);
  t.strictSame(ended, ['slow: ok', `slower: ${TIMED_OUT}`]);
  await pass(9_000);
  await answerAll(last());
  t.strictSame(ended.slice(2), ['c: ok']);
  t.equal(workers.length, 2);
});

t.test('a grammar that many wait for is compiled once, and fails for all of them', async (t) => {
  const { ask, ended, last } = rig(t);
  for (const pattern of ['a', 'b', 'a', 'b']) ask(pattern);
  await settled();
  last().answer('it is bad');
  await pass(10_000);
  t.strictSame(ended.slice(0, 2), ['a: it is bad', 'a: it is bad']);
  t.strictSame(ended.slice(2), [`b: ${TIMED_OUT}`, `b: ${TIMED_OUT}`]);
});

t.test('a crash is tried again once, at its place; the others do not count it', async (t) => {
  const { ask, ended, last, workers } = rig(t);
  for (const pattern of ['deadly', 'b', 'c']) ask(pattern);
  await settled();
  last().crash();
  await settled();
  t.strictSame(ended, []);
  t.strictSame(last().patterns, ['deadly']);
  workers[0]?.crash();
  workers[0]?.answer();
  await settled();
  t.equal(workers.length, 2, 'what a thread says that was replaced is not heard');
  t.strictSame(ended, []);
  last().crash();
  await settled();
  t.strictSame(ended, [`deadly: ${CRASHED.code} ${CRASHED.message}`]);
  last().crash();
  await settled();
  t.strictSame(last().patterns, ['b'], 'its first crash');
  await answerAll(last());
  t.strictSame(ended.slice(1), ['b: ok', 'c: ok']);
  t.equal(workers.length, 4);
});

t.test('a grammar that was left is never compiled, or no longer than 500 ms', async (t) => {
  const { ask, ended, last, workers, warnings } = rig(t);
  const [slow, b] = ['slow', 'b', 'c'].map(ask);
  await settled();
  b?.abort();
  slow?.abort();
  await pass(499);
  t.strictSame(ended, ['b: ok', 'slow: ok'], 'nobody waits for them');
  t.equal(workers.length, 1);
  await pass(1);
  t.equal(workers.length, 2);
  t.strictSame(warnings, [
    'The grammar thread is replaced: nobody waits for the grammar that it compiles',
  ]);
  await answerAll(last());
  t.strictSame(ended.slice(2), ['c: ok']);
  t.strictSame(last().patterns, ['c']);
});

t.test('what was left goes on where nobody is behind it, or somebody wants it again', async (t) => {
  const { ask, ended, last, workers } = rig(t);
  const slow = ask('slow');
  await settled();
  slow.abort();
  await pass(5_000);
  t.equal(workers.length, 1, 'nobody is behind it');
  const behind = ask('b');
  await pass(400);
  const again = ask('slow');
  await pass(400);
  again.abort();
  await pass(400);
  behind.abort();
  await pass(400);
  t.equal(workers.length, 1, 'it was never unwanted for 500 ms');
  ask('slow');
  await settled();
  last().answer();
  await settled();
  t.strictSame(ended.slice(3), ['slow: ok']);
  t.strictSame(last().patterns, ['slow'], 'compiled once');
});

t.test('one who leaves takes nothing from others who wait for the same grammar', async (t) => {
  const { ask, ended, last, workers } = rig(t);
  const [first] = ['a', 'a', 'b'].map(ask);
  await settled();
  first?.abort();
  await pass(1_000);
  await answerAll(last());
  t.strictSame(ended, ['a: ok', 'a: ok', 'b: ok']);
  t.equal(workers.length, 1);
});

t.test('whoever waits at a shutdown, or comes after it, is refused', async (t) => {
  const { ask, ended, thread, workers } = rig(t);
  for (const pattern of ['a', 'b']) ask(pattern);
  await settled();
  await thread.stop();
  ask('c');
  await settled();
  const refused = `${SHUT.code} ${SHUT.message}`;
  t.strictSame(ended, [`a: ${refused}`, `b: ${refused}`, `c: ${refused}`]);
  workers[0]?.crash();
  await pass(20_000);
  t.equal(workers.length, 1, 'no thread comes after that');
  t.ok(workers[0]?.isEnded);
});

t.test('1024 grammars wait, one of many requests counted once', async (t) => {
  const { ask, ended } = rig(t);
  for (let i = 0; i < 1024; i++) ask(String(i));
  ask('7');
  await settled();
  t.strictSame(ended, []);
  const leaving = ask('one more');
  await settled();
  t.strictSame(ended, ['one more: QUEUE_FULL The request queue is full.']);
  leaving.abort();
});

t.test(
  'where no thread can be started, everybody hears why, and the next one tries again',
  async (t) => {
    let numTries = 0;
    const thread = new GrammarThread({
      vocabulary: () => Promise.resolve(vocabularyOf(['<|end|>', 'a'])),
      board: { numSlots: 1, vocabSize: 2 },
      space: { pattern: null, isFixed: false },
      log: { warn: () => undefined },
      startWorker: () => {
        numTries++;
        throw new Error('no memory');
      },
    });
    const prepare = (pattern: string) =>
      thread.prepare({ kind: 'regex', pattern }, new AbortController().signal);
    await t.rejects(prepare('a'), { message: 'no memory' });
    await t.rejects(prepare('a'), { message: 'no memory' });
    t.equal(numTries, 2);
  },
);
