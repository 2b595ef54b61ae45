import t from 'tap';
import type { SlotOpen } from '../../../../src/core/batch.js';
import { MaskBoard } from '../../../../src/core/mask-board.js';
import { greedySampling } from '../../../../src/core/sampling-params.js';
import { DeviceSlot } from '../../../../src/device/generate/device-slot.js';
import { SlotMasks } from '../../../../src/device/generate/slot-masks.js';
import type { ToMatchers } from '../../../../src/messages.js';

function rig() {
  const masks = new SlotMasks();
  const connect = () => {
    const sent: ToMatchers[] = [];
    const board = new MaskBoard({ numSlots: 2, vocabSize: 40 });
    masks.connect({ post: (message) => sent.push(message), close: () => undefined }, board);
    return { sent, board };
  };
  const open = (isBound: boolean, prior: number[] = []) => {
    const slot = new DeviceSlot({
      slot: 0,
      sampling: greedySampling(8),
      promptLen: 3,
      priorOutputIds: Int32Array.from(prior),
      logprobs: null,
      hiddenFrom: Infinity,
      speculation: null,
      grammar: isBound ? { spec: { kind: 'regex', pattern: 'a' }, after: null } : null,
    } satisfies SlotOpen);
    masks.open(0, slot);
    return slot;
  };
  return { masks, connect, open };
}

t.test('a slot without a grammar tells nothing and waits for nothing', (t) => {
  const { masks, connect, open } = rig();
  const { sent } = connect();
  open(false).accept(7);
  t.equal(masks.take(0, { isAlone: false }), null);
  masks.sampled(0);
  masks.flush();
  masks.close(0);
  t.same(sent, []);
  t.end();
});

t.test('tokens are told once a step, and their masks are waited for', (t) => {
  const { masks, connect, open } = rig();
  const { sent, board } = connect();
  const slot = open(true, [4]);
  t.match(sent, [{ kind: 'open', slot: 0, ticket: 1, outputs: [4] }]);
  t.equal(masks.take(0, { isAlone: false }), 'late');
  board.mask(0)[1] = 2;
  board.publish(0, 1, true);
  t.same(masks.take(0, { isAlone: false }), Int32Array.of(0, 2));
  slot.accept(33);
  masks.sampled(0);
  masks.flush();
  t.match(sent[1], { kind: 'accept', tokens: Int32Array.of(0, 2, 33) });
  board.publish(0, 2, false);
  t.equal(masks.take(0, { isAlone: true }), 'deadEnd');
  t.end();
});

t.test('another thread learns of all outputs; without any thread masks are late', (t) => {
  const { masks, connect, open } = rig();
  const slot = open(true);
  t.equal(masks.take(0, { isAlone: true }), 'late');
  const first = connect();
  t.match(first.sent, [{ kind: 'open', outputs: [] }]);
  slot.accept(1);
  masks.sampled(0);
  const second = connect();
  masks.flush();
  t.match(second.sent, [{ kind: 'open', outputs: [1] }]);
  t.equal(second.sent.length, 1);
  t.end();
});

t.test('a step waits for a late mask once', (t) => {
  const { masks, connect, open } = rig();
  connect();
  open(true);
  masks.take(0, { isAlone: false });
  const fromMs = performance.now();
  for (let i = 0; i < 50; i++) t.equal(masks.take(0, { isAlone: false }), 'late');
  t.ok(performance.now() - fromMs < 500, 'no grace any more');
  t.end();
});
