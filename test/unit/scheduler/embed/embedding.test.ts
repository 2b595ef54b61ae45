import t from 'tap';
import type { EmbedInput } from '../../../../src/messages.js';
import { expectedVector } from '../../../doubles/fake-device.js';
import { SchedulerRig } from '../../../doubles/scheduler-rig.js';

function text(num: number, length: number): EmbedInput {
  const tokens = Int32Array.from({ length }, (_, i) => num * 100 + i);
  return { num, rid: `text-${num}`, tokens, tokenTypes: null };
}

const lengths = (rig: SchedulerRig): number[][] =>
  rig.embedPlans.map(({ sequences }) => sequences.map(({ tokens }) => tokens.length));

t.test('every text gets its own vector and one ending', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: -1 } }).attach();
  const texts = [text(1, 3), text(2, 9), text(3, 5)];
  rig.submitEmbed(...texts);
  t.same(rig.last('submitted')?.failure, null);
  t.same(lengths(rig), [[9, 5, 3]], 'one step, neighbours of like length');
  rig.run();
  for (const { num, tokens } of texts) {
    t.same(rig.vectorOf(num), expectedVector(tokens));
    t.match(rig.finishedOf(num), {
      reason: { type: 'length', length: 0 },
      stats: { promptTokens: tokens.length, completionTokens: 0, cachedTokens: 0, dpRank: 0 },
    });
  }
  t.equal(rig.finished.length, 3);
  t.same(rig.readState()?.numQueued, 0);
  t.end();
});

t.test('steps hold whole texts under the token budget, two in flight', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: 10 } }).attach();
  rig.submitEmbed(text(1, 4), text(2, 6), text(3, 30), text(4, 1), text(5, 1));
  t.same(lengths(rig), [[6, 4], [30]], 'a text longer than the budget goes alone');
  const load = { numWaiting: 2, numWaitingTokens: 2, numWaitingUncachedTokens: 2 };
  t.match(rig.readState(), { numQueued: 2, devices: [{ numRunning: 3, load }] });
  rig.step();
  t.same(lengths(rig).at(-1), [1, 1]);
  rig.run();
  const totals = { prefillTokens: 42, cachedTokens: 0, decodeTokens: 0 };
  t.match(rig.readState(), { devices: [{ numRunning: 0, load: { numWaiting: 0, totals } }] });
  t.equal(rig.finished.length, 5);
  t.ok(rig.logs.some((line) => line.startsWith('Prefill batch. #new-seq: 2, #new-token: 10')));
  t.end();
});

t.test('the oldest text goes next, with the likest in length of those behind it', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: 10 } }).attach();
  rig.submitEmbed(
    text(1, 5),
    text(2, 1),
    text(3, 9),
    text(4, 4),
    text(5, 8),
    text(6, 1),
    text(7, 1),
  );
  rig.run();
  t.same(lengths(rig), [[5, 4], [1, 1, 1], [9], [8]]);
  t.equal(rig.finished.length, 7);
  t.end();
});

t.test('of many that wait only the oldest are looked at', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: 4 } });
  const others = Array.from({ length: 256 }, (_, i) => text(i + 2, 4));
  rig.submitEmbed(text(1, 1), ...others, text(300, 1)).attach();
  t.same(lengths(rig)[0], [1], 'the other short one is far behind');
  rig.run();
  t.equal(rig.finished.length, 258);
  t.end();
});

t.test('--max-prefill-tokens bounds a step without chunks', (t) => {
  const config = { chunkedPrefillSize: -1, maxPrefillTokens: 8 };
  const rig = new SchedulerRig({ config }).attach();
  rig.submitEmbed(text(1, 4), text(2, 4), text(3, 4));
  t.same(lengths(rig), [[4, 4], [4]]);
  t.end();
});

t.test('work goes to the least loaded device', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: 10 } }).attach(0).attach(1);
  rig.submitEmbed(text(1, 10), text(2, 2), text(3, 10));
  rig.run();
  t.same(
    [1, 2, 3].map((num) => rig.finishedOf(num)?.stats.dpRank),
    [0, 1, 1],
  );
  t.end();
});

t.test('aborts end waiting and running texts; the others are answered', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: 4 } }).attach();
  rig.submitEmbed(text(1, 2), text(2, 2), text(3, 4), text(4, 4));
  const abort = { kind: 'abort', ridPrefix: '', all: false, message: null } as const;
  rig.tell({ ...abort, num: 2 }).tell({ ...abort, num: null, ridPrefix: 'text-4' });
  t.match(rig.reasonOf(2), { type: 'abort', message: 'Aborted' });
  t.match(rig.reasonOf(4), { type: 'abort', message: 'Abort in waiting queue' });
  t.match(rig.readState(), { numQueued: 0, devices: [{ numRunning: 2 }] });
  rig.run();
  t.same(rig.vectorOf(1), [2, 101]);
  t.equal(rig.vectorOf(2), undefined);
  t.same(rig.vectorOf(3), [4, 303]);
  t.equal(rig.embedPlans.length, 2, 'what was aborted in the queue never ran');
  t.equal(rig.finished.length, 4);
  rig.submitEmbed(text(2, 2));
  t.same(rig.last('submitted')?.failure, null, 'its rid is free again');
  t.end();
});

t.test('time-outs end texts that wait or run for too long', (t) => {
  const config = { chunkedPrefillSize: 4, waitingTimeoutMs: 1000, runningTimeoutMs: 5000 };
  const rig = new SchedulerRig({ config }).attach();
  rig.submitEmbed(text(1, 4), text(2, 4), text(3, 4));
  const at = (ms: number) => {
    rig.nowMs = ms;
    rig.scheduler.tick();
    return rig.finished.map(({ num }) => num);
  };
  t.same(at(999), []);
  t.same(at(1000), [3]);
  t.match(rig.reasonOf(3), { code: 'TIMED_OUT', message: 'Request waiting timeout reached.' });
  t.same(at(5000), [3, 1, 2]);
  t.match(rig.reasonOf(1), { code: 'TIMED_OUT', message: 'Request running timeout reached.' });
  t.match(rig.readState(), { numQueued: 0, devices: [{ numRunning: 0 }] });
  rig.run();
  t.equal(rig.finished.length, 3);
  t.equal(rig.vectorOf(1), undefined);
  t.end();
});

t.test('a batch is refused whole: duplicate rids, a full queue, a server that drains', (t) => {
  const rig = new SchedulerRig({ config: { maxQueuedRequests: 2, chunkedPrefillSize: 4 } });
  rig.submitEmbed(text(1, 4), text(2, 4), text(3, 4));
  t.same(rig.last('submitted')?.failure, null, 'a batch that meets nobody may be any size');
  rig.submitEmbed(text(4, 4));
  t.match(rig.last('submitted')?.failure, { code: 'QUEUE_FULL' });
  rig.submitEmbed(text(5, 4), text(1, 4));
  t.match(rig.last('submitted')?.failure, {
    code: 'INVALID_REQUEST',
    message: 'Duplicate request ID detected: text-1',
  });
  rig.attach().run();
  t.same(rig.finished.map(({ num }) => num).sort(), [1, 2, 3]);
  rig.tell({ kind: 'drain' }).submitEmbed(text(6, 4));
  t.match(rig.last('submitted')?.failure, { code: 'SHUTTING_DOWN' });
  t.end();
});

t.test('a drain waits for the texts in flight', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submitEmbed(text(1, 4)).tell({ kind: 'drain' });
  t.equal(rig.last('drained'), undefined);
  rig.run();
  t.ok(rig.last('drained'));
  t.same(rig.vectorOf(1), [4, 103]);
  t.end();
});

t.test('texts of a dead device are tried once more, first of all', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: 4 } }).attach();
  rig.submitEmbed(text(1, 4), text(2, 4), text(3, 4));
  const down = { kind: 'deviceDown', message: 'the worker exited' } as const;
  rig.tell({ ...down, device: { rank: 0, generation: 0 } });
  t.equal(rig.finished.length, 0);
  rig.attach(0, 1);
  t.same(rig.embedPlans.at(-2)?.sequences[0]?.tokens[0], 100);
  rig.tell({ ...down, device: { rank: 0, generation: 1 } });
  t.match(rig.reasonOf(1), { type: 'abort', message: 'the worker exited', code: 'DEVICE_FAILED' });
  rig.attach(0, 2).run();
  t.same(rig.vectorOf(3), [4, 303]);
  t.equal(rig.finished.length, 3);
  t.end();
});

t.test('an older generation retires after its last vector', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submitEmbed(text(1, 4)).attach(0, 1);
  t.notOk(rig.inbox(0, 0).some(({ kind }) => kind === 'retire'));
  rig.step(0, 0);
  t.ok(rig.inbox(0, 0).some(({ kind }) => kind === 'retire'));
  t.same(rig.vectorOf(1), [4, 103]);
  t.end();
});

t.test('a vector says which weights computed it, also one that a device that retires gave', (t) => {
  const rig = new SchedulerRig().attach(0, 0, 3);
  rig.submitEmbed(text(1, 4)).attach(0, 1, 4).submitEmbed(text(2, 4)).run();
  const vectors = rig.toMain.flatMap((one) => (one.kind === 'output' ? one.vectors : []));
  const epochs = new Map(vectors.map(({ num, weightsEpoch }) => [num, weightsEpoch]));
  t.same([epochs.get(1), epochs.get(2)], [3, 4]);
  t.end();
});

t.test('where each token has a vector, a text gets those of its own', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submitEmbed(text(1, 1), text(2, 3));
  // The longest comes first.
  const vectors = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const result = {
    step: 0,
    dim: 2,
    isPerToken: true,
    vectors,
    routing: null,
    computeUs: 0,
    startMs: 0,
  };
  rig.scheduler.receiveFromDevice({ rank: 0, generation: 0 }, { kind: 'embedDone', result });
  t.same(rig.vectorOf(2), [1, 2, 3, 4, 5, 6]);
  t.same(rig.vectorOf(1), [7, 8]);
  t.end();
});

t.test('a vector that is not finite fails its text alone', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submitEmbed(text(1, 4), text(2, 4));
  const vectors = Float32Array.of(1, 2, NaN, 2);
  const result = {
    step: 0,
    dim: 2,
    isPerToken: false,
    vectors,
    routing: null,
    computeUs: 0,
    startMs: 0,
  };
  rig.scheduler.receiveFromDevice({ rank: 0, generation: 0 }, { kind: 'embedDone', result });
  t.same(rig.vectorOf(1), [1, 2]);
  t.match(rig.reasonOf(2), { type: 'abort', code: 'DEVICE_FAILED' });
  t.end();
});
