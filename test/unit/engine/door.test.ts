import t from 'tap';

import { abortReason } from '../../../src/core/finish-reason.js';
import { Door } from '../../../src/engine/door.js';
import { EmbedRequest } from '../../../src/engine/embed-request.js';

const REASON = abortReason('Abort in waiting queue');
const NO_TOKENS = Int32Array.of();

function requests(count: number): EmbedRequest[] {
  return Array.from({ length: count }, (_, num) => {
    const req = { rid: `r${num}`, tokens: NO_TOKENS, tokenTypes: null };
    return new EmbedRequest(num, { req }, 0);
  });
}

t.test('opens when no reason keeps it closed, and lets in by arrival', async (t) => {
  const door = new Door();
  const entered: number[] = [];
  const wait = (who: number) => door.wait(requests(1)).then(() => entered.push(who));
  door.close('pause');
  door.close('release');
  door.close('release');
  const all = Promise.all([wait(1), wait(2)]);
  t.equal(door.numHeld, 2);
  door.open('release');
  t.notOk(door.isOpen);
  await Promise.resolve();
  t.same(entered, []);
  door.open('pause');
  await all;
  t.same(entered, [1, 2]);
  t.ok(door.isOpen);
  t.equal(door.numHeld, 0);
});

t.test('a demolished door holds nobody', async (t) => {
  const door = new Door();
  door.close('pause');
  door.close('release');
  const waiting = door.wait(requests(1));
  door.demolish();
  await waiting;
  t.ok(door.isOpen);
});

t.test('holds so many and no more', async (t) => {
  const door = new Door();
  door.close('pause');
  const held = door.wait(requests(4096));
  await t.rejects(door.wait(requests(1)), { code: 'QUEUE_FULL' });
  door.open('pause');
  await held;
});

t.test('a batch that is aborted there goes, and its places are free', async (t) => {
  const door = new Door();
  door.close('pause');
  const batch = requests(4096);
  const waiting = door.wait(batch);
  for (const request of batch.slice(1)) door.abort(request, REASON, 7);
  t.equal(door.numHeld, 4096, 'one of it still waits');
  const [first] = batch;
  if (first !== undefined) door.abort(first, REASON, 8);
  await waiting;
  t.match(first, { finish: { type: 'abort', message: 'Abort in waiting queue' }, finishedMs: 8 });
  t.equal(door.numHeld, 0);
  t.notOk(door.isOpen);
});

t.test('all of one rid go, whatever batch they came with', async (t) => {
  const door = new Door();
  door.close('pause');
  const [one, two] = [requests(3), requests(1)];
  let numIn = 0;
  const waiting = [one, two].map((batch) => door.wait(batch).then(() => numIn++));
  door.abortByRid((rid) => rid === 'r0', REASON, 7);
  await waiting[1];
  t.equal(numIn, 1, 'nothing is left of the second batch');
  t.match(
    one.map(({ finish }) => finish?.type ?? null),
    ['abort', null, null],
  );
});
