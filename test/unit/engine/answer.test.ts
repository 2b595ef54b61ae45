import t from 'tap';

import type { Failure } from '../../../src/core/errors.js';
import { failureReason, isAbort, isFailure } from '../../../src/core/finish-reason.js';
import { greedySampling } from '../../../src/core/sampling-params.js';
import { answer, type Ask, type Streamed } from '../../../src/engine/answer.js';
import type { AnswerSink, EventStream } from '../../../src/engine/answer-sink.js';
import { Engine } from '../../../src/engine/engine.js';
import type { Generation, GenerationInput } from '../../../src/engine/generation.js';
import { GENERATE } from '../../../src/engine/request-kinds.js';
import { ScriptedScheduler } from '../../doubles/scripted-scheduler.js';

type GenerateAsk = Ask<GenerationInput, Generation>;

/** A client that notes what it is told, and leaves when the test says so. */
class NotingSink implements AnswerSink, EventStream {
  readonly notes: unknown[] = [];
  readonly marksEnd = true;
  isClosed = false;
  isWritable = true;
  survivesClient: boolean | null = null;
  leave: () => void = () => undefined;

  onAbortable(abort: () => void, survivesClient: boolean): void {
    this.leave = abort;
    this.survivesClient = survivesClient;
  }

  answer(value: unknown): void {
    this.notes.push(['answer', value]);
  }

  noteFailure(): void {
    /* nobody reads it */
  }

  fail({ code }: Failure): void {
    this.notes.push(['fail', code]);
  }

  startEvents(): EventStream {
    this.notes.push('start');
    return this;
  }

  onDrain(): void {
    // It always reads.
  }

  send(value: unknown): void {
    this.notes.push(value);
  }

  end(value: unknown): void {
    this.notes.push(['end', value]);
  }
}

const inputs = (...rids: string[]): GenerationInput[] =>
  rids.map((rid) => ({
    req: {
      rid,
      inputIds: Int32Array.of(1),
      sampling: greedySampling(4),
      logprobs: null,
      hiddenStates: null,
      grammar: null,
      namespace: '',
      tenant: '',
      explainsMiss: false,
      dpRank: null,
      priority: 0,
    },
    text: null,
  }));

const idsOf = (generations: readonly Generation[]) => generations.map((one) => one.outputIds);

const WHOLE: GenerateAsk['show'] = { mode: 'whole', render: idsOf, isFatal: isFailure };

function stream(
  opensAt: Streamed<Generation>['opensAt'],
  failsWhole: boolean,
): GenerateAsk['show'] {
  return {
    mode: 'stream',
    opensAt,
    intervals: [1, 1],
    renderer: {
      failsWhole,
      chunks: (one, index, sent) => [[index, ...one.outputIds.slice(sent.tokens)]],
      closing: (last) => [last],
    },
  };
}

function setUp(show: GenerateAsk['show'], parts: Partial<GenerateAsk> = {}) {
  const scheduler = new ScriptedScheduler();
  const engine = new Engine({ scheduler, clock: { nowMs: () => 0 }, onLog: () => undefined });
  const sink = new NotingSink();
  const accepted: string[] = [];
  const ask: GenerateAsk = {
    kind: GENERATE,
    rids: ['a', 'b'],
    prepare: () => Promise.resolve(inputs('a', 'b')),
    onAccepted: (generations) => {
      accepted.push(...generations.map(({ rid }) => rid));
    },
    survivesClient: false,
    show,
    ...parts,
  };
  const aborted = () => scheduler.received.flatMap((one) => (one.kind === 'abort' ? one.num : []));
  return { scheduler, engine, sink, ask, accepted, aborted };
}

/** Until the scheduler has taken the batch, and whoever waited for that has heard it. */
async function taken(accepted: readonly string[]): Promise<void> {
  while (accepted.length === 0) await new Promise(setImmediate);
}

t.test('one answer, when the last of the requests has ended', async (t) => {
  const { scheduler, engine, sink, ask, accepted } = setUp(WHOLE);
  const done = answer(ask, sink, engine);
  await taken(accepted);
  t.same(accepted, ['a', 'b']);
  scheduler.step([
    [1, 7],
    [2, 8],
  ]);
  scheduler.finish(2, { type: 'length', length: 1 });
  await new Promise(setImmediate);
  t.same(sink.notes, [], 'one of two is not enough');
  scheduler.finish(1, { type: 'length', length: 1 });
  await done;
  t.same(sink.notes, [['answer', [[7], [8]]]]);
  t.equal(sink.survivesClient, false);
});

t.test('who leaves while its prompt is prepared is never submitted', async (t) => {
  const { scheduler, engine, sink, ask } = setUp(WHOLE, {
    prepare: () => {
      sink.isClosed = true;
      return Promise.resolve(inputs('a'));
    },
  });
  await answer(ask, sink, engine);
  t.same(scheduler.received, []);
});

t.test('who leaves while its grammar is compiled need not be waited for', async (t) => {
  const { scheduler, engine, sink, ask } = setUp(WHOLE, {
    survivesClient: true,
    prepare: async (allAborted) => {
      t.equal(sink.survivesClient, false, 'nothing is to survive yet');
      t.notOk(allAborted.aborted);
      sink.leave();
      t.ok(allAborted.aborted);
      return Promise.resolve(inputs('a', 'b'));
    },
  });
  await answer(ask, sink, engine);
  t.same(sink.notes, [['answer', [[], []]]]);
  t.notOk(scheduler.received.some(({ kind }) => kind === 'submit'));
});

t.test('who is aborted while it is prepared ends without having been submitted', async (t) => {
  const { scheduler, engine, sink, ask } = setUp(WHOLE, {
    prepare: async (allAborted) => {
      engine.abortByRid('b', false, 'Enough.');
      t.notOk(allAborted.aborted, 'one of two still wants it');
      engine.abortByRid('x', false);
      engine.abortByRid('', false);
      engine.abortByRid('a', false);
      t.ok(allAborted.aborted);
      return Promise.resolve(inputs('a', 'b'));
    },
  });
  await answer(ask, sink, engine);
  t.same(sink.notes, [['answer', [[], []]]]);
  t.notOk(scheduler.received.some(({ kind }) => kind === 'submit'));
});

t.test('one of a batch that is aborted early leaves the others alone', async (t) => {
  const { scheduler, engine, sink, ask, accepted } = setUp(WHOLE, {
    prepare: () => {
      engine.abortByRid('a', false);
      return Promise.resolve(inputs('a', 'b'));
    },
  });
  const done = answer(ask, sink, engine);
  await taken(accepted);
  t.same(
    [...scheduler.live.values()].map(({ rid }) => rid),
    ['b'],
  );
  scheduler.step([[2, 8]]);
  scheduler.finish(2, { type: 'length', length: 1 });
  await done;
  t.same(sink.notes, [['answer', [[], [8]]]]);
});

t.test('who leaves later aborts all of its requests', async (t) => {
  const { engine, sink, ask, accepted, aborted } = setUp(WHOLE);
  const done = answer(ask, sink, engine);
  await taken(accepted);
  sink.leave();
  await done;
  t.same(aborted(), [1, 2]);
});

t.test('a refused batch throws, and nobody is told that it was taken', async (t) => {
  const { scheduler, engine, sink, ask, accepted } = setUp(WHOLE);
  scheduler.failure = { code: 'QUEUE_FULL', message: 'The request queue is full.' };
  await t.rejects(answer(ask, sink, engine), { code: 'QUEUE_FULL' });
  t.same([accepted, sink.notes], [[], []]);
});

t.test("one request's failure is the answer, and the others are aborted", async (t) => {
  const { scheduler, engine, sink, ask, accepted, aborted } = setUp(WHOLE);
  const done = answer(ask, sink, engine);
  await taken(accepted);
  scheduler.finish(2, failureReason('DEVICE_FAILED', 'gone'));
  await done;
  t.same(sink.notes, [['fail', 'DEVICE_FAILED']]);
  t.same(aborted(), [1]);
});

t.test("a user's abort is a failure only where nothing can be shown of it", async (t) => {
  for (const isFatal of [isFailure, isAbort] as const) {
    const { engine, sink, ask, accepted } = setUp({ mode: 'whole', render: idsOf, isFatal });
    const done = answer(ask, sink, engine);
    await taken(accepted);
    engine.abortByRid('', true);
    await done;
    const [note] = sink.notes;
    t.same(note, isFatal === isFailure ? ['answer', [[], []]] : ['fail', 'INVALID_REQUEST']);
    t.equal(sink.notes.length, 1);
  }
});

t.test('a stream that opens at acceptance shows failures in its samples', async (t) => {
  const { scheduler, engine, sink, ask } = setUp(stream('acceptance', false));
  await answer(ask, sink, engine);
  t.same(sink.notes, ['start']);
  scheduler.step([[1, 7]]);
  scheduler.finish(2, failureReason('DEVICE_FAILED', 'gone'));
  scheduler.finish(1, { type: 'length', length: 1 });
  t.same(sink.notes, ['start', [0, 7], [1], ['end', [0]]]);
});

t.test('a stream that opens at its first token fails as a whole before it', async (t) => {
  const { scheduler, engine, sink, ask, accepted, aborted } = setUp(stream('firstToken', true));
  const done = answer(ask, sink, engine);
  await taken(accepted);
  t.same(sink.notes, []);
  scheduler.finish(1, failureReason('NO_DEVICE', 'gone'));
  await done;
  t.same(sink.notes, [['fail', 'NO_DEVICE']]);
  t.same(aborted(), [2]);
});

t.test('… and ends with the failure after it', async (t) => {
  const { scheduler, engine, sink, ask, accepted, aborted } = setUp(stream('firstToken', true));
  const done = answer(ask, sink, engine);
  await taken(accepted);
  scheduler.step([[1, 7]]);
  await done;
  scheduler.finish(1, failureReason('DEVICE_FAILED', 'gone'));
  scheduler.step([[2, 8]]);
  t.same(sink.notes, ['start', [0, 7], ['fail', 'DEVICE_FAILED']]);
  t.same(aborted(), [2]);
});
