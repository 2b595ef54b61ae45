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

t.test('it stays on while ten of the last sixteen drafts are right', (t) => {
  const gate = new AcceptGate();
  for (let i = 0; i < 160; i++) {
    gate.judge(i % 16 < 10);
    t.ok(gate.isOn);
  }
  const other = new AcceptGate();
  for (let i = 0; i < 16; i++) other.judge(i % 16 < 9);
  t.notOk(other.isOn);
  t.end();
});

t.test('a correct draft never turns it off', (t) => {
  const gate = new AcceptGate();
  for (let i = 0; i < 16; i++) gate.judge(i >= 7);
  t.ok(gate.isOn, 'nine of sixteen, the last one correct');
  gate.judge(true);
  t.ok(gate.isOn);
  for (let i = 0; i < 15; i++) gate.judge(i < 7);
  t.notOk(gate.isOn);
  t.end();
});

t.test('pauses grow up to a bound, and are short again behind good drafts', (t) => {
  const gate = new AcceptGate();
  const pauses = Array.from({ length: 7 }, () => {
    t.equal(untilOff(gate), 16, 'sixteen are judged anew');
    return pause(gate);
  });
  t.same(pauses, [32, 64, 128, 256, 512, 1024, 1024]);
  for (let i = 0; i < 64; i++) gate.judge(true);
  t.equal(untilOff(gate), 7);
  t.equal(pause(gate), 32);
  t.end();
});
