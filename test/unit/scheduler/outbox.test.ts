import t from 'tap';

import type { CacheOp } from '../../../src/messages.js';
import { Outbox } from '../../../src/scheduler/outbox.js';

function outbox() {
  const sent: (readonly CacheOp[])[] = [];
  const box = new Outbox({
    toMain: () => undefined,
    toDevice: () => undefined,
    toCache: ({ ops }) => sent.push(ops),
  });
  return { box, sent };
}

const lazy = (id: number): CacheOp => ({ op: 'read', id });

t.test('operations that can wait go out with one that cannot, in order', (t) => {
  const { box, sent } = outbox();
  box.lazyOp(lazy(1));
  box.flush();
  t.same(sent, []);
  box.op({ op: 'flush', id: 2 });
  box.lazyOp(lazy(3));
  box.flush();
  t.same(sent, [[lazy(1), { op: 'flush', id: 2 }, lazy(3)]]);
  box.flush();
  t.equal(sent.length, 1);
  t.end();
});

t.test('or when 32 of them have come together', (t) => {
  const { box, sent } = outbox();
  for (let id = 0; id < 70; id++) {
    box.lazyOp(lazy(id));
    box.flush();
  }
  t.same(
    sent.map((ops) => ops.length),
    [32, 32],
  );
  t.end();
});
