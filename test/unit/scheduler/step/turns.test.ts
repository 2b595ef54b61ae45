import t from 'tap';
import { RESULT_STOP, stepOf, type StepResult } from '../../../../src/core/batch.js';
import { expectedOutput, FAKE_GRAMMAR } from '../../../doubles/fake-device.js';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

const speculation = {
  algorithm: 'NGRAM' as const,
  costs: null,
  numDraftTokens: 8,
  minMatch: 2,
  maxMatch: 4,
};
const DEVICE = { rank: 0, generation: 0 };
const NO_STEP: StepResult = {
  step: -1,
  tokens: new Int32Array(0),
  turns: new Int32Array(0),
  logprobRows: [],
  hiddenRows: [],
  routing: null,
  timing: { startMs: 0, loadUs: 0, prefillUs: 0, decodeUs: 0, lastStoreUs: 0 },
};

/** What a turn of one request did. */
interface Turn {
  readonly tokens: readonly number[];
  readonly numRows: number;
  readonly numDrafts: number;
  readonly numCorrect: number;
  /** Of its last token. */
  readonly flags?: number;
}

/** One request of 20 prompt tokens, whose steps are answered as the test says. */
class OneRequest {
  readonly rig: SchedulerRig;
  #numAnswered = 0;

  constructor(maxNewTokens: number, config: object = {}) {
    this.rig = new SchedulerRig({ config: { speculation, ...config } }).attach();
    this.rig.submit(request(1, 20, { sampling: { maxNewTokens } }));
    this.#answer({ tokens: Int32Array.of(0, 7, 0) });
  }

  /** The oldest step in flight has a turn of the request. */
  turn({ tokens, numRows, numDrafts, numCorrect, flags = 0 }: Turn): void {
    const triples = tokens.flatMap((token, i) => [0, token, i === tokens.length - 1 ? flags : 0]);
    const turns = Int32Array.of(0, numRows, numDrafts, numCorrect);
    this.#answer({ tokens: Int32Array.from(triples), turns });
  }

  /** The device knew that nobody wants it. */
  noTurn(): void {
    this.#answer({});
  }

  get drafts() {
    return this.rig.readState()?.devices[0]?.load.drafts;
  }

  /** Most rows of the turns that were planned. */
  get maxRows(): readonly (number | undefined)[] {
    return this.rig.plans.slice(1).map(({ turns }) => turns[1]);
  }

  get decodeLines(): readonly string[] {
    return this.rig.logs.filter((line) => line.startsWith('Decode batch.'));
  }

  #answer(parts: Partial<StepResult>): void {
    const { step } = this.rig.plans[this.#numAnswered++] ?? stepOf(-1, {});
    const result = { ...NO_STEP, ...parts, step };
    this.rig.scheduler.receiveFromDevice(DEVICE, { kind: 'stepDone', result });
  }
}

t.test(
  'the tokens of a turn are the answer, and what it did not use is there for the next',
  (t) => {
    const one = new OneRequest(12);
    t.same(one.maxRows, [8, 3], 'rows 20 to 31 are all that it may have');
    one.turn({ tokens: [11], numRows: 1, numDrafts: 5, numCorrect: 0 });
    t.same(one.maxRows, [8, 3, 7]);
    one.turn({ tokens: [12, 13, 14], numRows: 3, numDrafts: 2, numCorrect: 2 });
    t.same(one.rig.tokensOf(1), [7, 11, 12, 13, 14]);
    one.turn({ tokens: [15, 16], numRows: 2, numDrafts: 6, numCorrect: 1, flags: RESULT_STOP });
    t.same(one.rig.reasonOf(1), { type: 'stop', matched: 16 });
    const drafts = { numPasses: 3, numDrafts: 13, numCorrect: 3, histogram: [1, 1, 1] };
    t.same(one.rig.finishedOf(1)?.stats.drafts, drafts, 'of the request');
    t.same(one.drafts, drafts, 'and of the device');
    t.end();
  },
);

t.test('drafts count where the first token of the turn ends the request', (t) => {
  const one = new OneRequest(12);
  one.turn({ tokens: [11], numRows: 4, numDrafts: 5, numCorrect: 3, flags: RESULT_STOP });
  const drafts = { numPasses: 1, numDrafts: 5, numCorrect: 3, histogram: [0, 0, 0, 1] };
  t.same(one.rig.finishedOf(1)?.stats.drafts, drafts);
  t.same(one.drafts, drafts);
  t.end();
});

t.test('turns that make no token, or are nobody’s any more, do not count', (t) => {
  const one = new OneRequest(40);
  one.turn({ tokens: [], numRows: 4, numDrafts: 3, numCorrect: 3 });
  one.noTurn();
  t.match(one.drafts, { numPasses: 0, numDrafts: 0 }, 'rows that were known');
  one.rig.tell({ kind: 'abort', num: 1, ridPrefix: '', all: false, message: null });
  one.turn({ tokens: [11, 12], numRows: 2, numDrafts: 3, numCorrect: 1 });
  t.match(one.drafts, { numPasses: 0, numDrafts: 0 });
  t.equal(one.rig.finishedOf(1)?.stats.drafts, null, 'no pass: nothing to show');
  t.end();
});

t.test('a decode line says what was accepted since the one before', (t) => {
  const one = new OneRequest(80, { decodeLogInterval: 2 });
  one.turn({ tokens: [1, 2, 3], numRows: 3, numDrafts: 5, numCorrect: 2 });
  one.turn({ tokens: [4], numRows: 1, numDrafts: 3, numCorrect: 0 });
  for (const first of [5, 9]) {
    const tokens = [first, first + 1, first + 2, first + 3];
    one.turn({ tokens, numRows: 4, numDrafts: 3, numCorrect: 3 });
  }
  t.match(one.decodeLines, [
    /, accept len: 2\.00, accept rate: 0\.25, gen throughput/,
    /, accept len: 4\.00, accept rate: 1\.00, gen throughput/,
  ]);
  t.match(one.drafts, { numPasses: 4, numDrafts: 14, numCorrect: 8 }, 'a device counts them all');
  t.end();
});

t.test('where nothing speculates there are no turns, and nothing is said of drafts', (t) => {
  const rig = new SchedulerRig({ config: { decodeLogInterval: 1 } }).attach();
  rig.submit(request(1, 20)).run();
  t.ok(rig.logs.some((line) => line.startsWith('Decode batch.')));
  t.notOk(rig.logs.some((line) => line.includes('accept')));
  t.equal(rig.finishedOf(1)?.stats.drafts, null);
  t.equal(rig.readState()?.devices[0]?.load.drafts, null);
  t.ok(rig.plans.every(({ turns }) => turns.length === 0));
  t.end();
});

t.test('beside one that speculates, one with a grammar decodes', (t) => {
  const rig = new SchedulerRig({ config: { speculation } }).attach();
  const reqs = [request(1, 20), request(2, 21, { first: 90, grammar: FAKE_GRAMMAR })];
  rig.submit(...reqs).run();
  t.same(
    rig.plans.flatMap(({ opens }) => opens.map((open) => open.speculation?.promptIds.length)),
    [20, undefined],
  );
  t.ok(rig.plans.some(({ decode, turns }) => decode.length > 0 && turns.length > 0));
  for (const { num, inputIds, sampling } of reqs) {
    t.same(rig.tokensOf(num), expectedOutput(inputIds, sampling, false).tokens);
  }
  t.end();
});

t.test('when pages run out, those that speculate are retracted and resume bit for bit', (t) => {
  const limits = { numPages: 20, pageSizeTokens: 4, numSlots: 4 };
  const config = { scheduleConservativeness: 0.001, speculation };
  const rig = new SchedulerRig({ limits, config }).attach();
  const reqs = [0, 1, 2, 3].map((num) =>
    request(num, 12, { first: 50 * num, sampling: { maxNewTokens: 30 } }),
  );
  rig.submit(...reqs).run();
  t.ok(rig.finished.some(({ stats }) => stats.numRetractions > 0));
  t.ok(rig.finished.some(({ stats }) => (stats.drafts?.numCorrect ?? 0) > 0));
  for (const { num, inputIds, sampling } of reqs) {
    t.same(rig.tokensOf(num), expectedOutput(inputIds, sampling, false).tokens);
  }
  t.equal(rig.readState()?.devices[0]?.kvPool.heldTokens, 0);
  t.end();
});
