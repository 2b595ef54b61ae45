import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import { Port } from '../../../src/actor/port.js';

interface Ping {
  readonly kind: 'ping';
  readonly n: number;
}

t.test('messages arrive in order, through the loop or by hand', async (t) => {
  const channel = new MessageChannel();
  const a = new Port<Ping, Ping>(channel.port1);
  const b = new Port<Ping, Ping>(channel.port2);
  a.post({ kind: 'ping', n: 1 });
  a.post({ kind: 'ping', n: 2 });
  t.same(b.takeNow(), { kind: 'ping', n: 1 });
  const rest = new Promise<Ping>((resolve) => {
    b.onMessage(resolve);
  });
  t.same(await rest, { kind: 'ping', n: 2 });
  t.equal(b.takeNow(), null);
  const closed = new Promise<void>((resolve) => {
    b.onClose(resolve);
  });
  a.close();
  await closed;
  t.doesNotThrow(() => {
    b.post({ kind: 'ping', n: 3 });
  }, 'posting to a closed port drops the message');
});
