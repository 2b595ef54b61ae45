import t from 'tap';
import { AcceptGate } from '../../../../src/device/speculation/accept-gate.js';

/** Wrong drafts until it is off. @returns how many */
function untilOff(gate: AcceptGate): number {
  let count = 0;
  for (; gate.isOn; count++) gate.judge(false);
  return count;
}

/** Outputs until it is on again. */
function pause(gate: AcceptGate): number {
  let count = 0;
  for (; !gate.isOn; count++) gate.skip();
  return count;
}

t.test('it stays on while so many of the last sixteen drafts are right', (t) => {
  for (const minHits of [10, 13, 15]) {
    const gate = new AcceptGate(minHits);
    for (let i = 0; i < 160; i++) {
      gate.judge(i % 16 < minHits);
      t.ok(gate.isOn);
    }
    t.equal(untilOff(new AcceptGate(minHits)), 17 - minHits, 'off as soon as too many are wrong');
  }
  const all = new AcceptGate(16);
  all.judge(false);
  t.notOk(all.isOn);
  t.end();
});

t.test('a correct draft never turns it off', (t) => {
  const gate = new AcceptGate(10);
  for (let i = 0; i < 6; i++) gate.judge(false);
  for (let i = 0; i < 16; i++) {
    gate.judge(true);
    t.ok(gate.isOn);
  }
  t.end();
});

t.test('one draft at once, until four were right one after the other', (t) => {
  const gate = new AcceptGate(10);
  for (const isHit of [true, true, true, false, true, true, true]) {
    gate.judge(isHit);
    t.equal(gate.numDrafts, 1);
  }
  gate.judge(true);
  t.equal(gate.numDrafts, Infinity);
  gate.judge(false);
  t.equal(gate.numDrafts, Infinity, 'for as long as it is on');
  untilOff(gate);
  pause(gate);
  t.equal(gate.numDrafts, 1, 'and anew behind a pause');
  t.end();
});

t.test('pauses grow up to a bound, and are short again behind good drafts', (t) => {
  const gate = new AcceptGate(10);
  const pauses = Array.from({ length: 5 }, () => {
    t.equal(untilOff(gate), 7, 'drafts are judged anew');
    return pause(gate);
  });
  t.same(pauses, [128, 256, 512, 1024, 1024]);
  for (let i = 0; i < 64; i++) gate.judge(true);
  t.equal(untilOff(gate), 7);
  t.equal(pause(gate), 128);
  t.end();
});
