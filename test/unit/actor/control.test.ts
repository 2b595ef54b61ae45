import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import {
  callControl,
  connectControl,
  ControlTimeout,
  exposeControl,
} from '../../../src/actor/control.js';

interface Api {
  add(a: number, b: number): number;
  fail(): never;
}

t.test('a call crosses the port and comes back', async (t) => {
  const { port1, port2 } = new MessageChannel();
  exposeControl(
    {
      add: (a: number, b: number) => a + b,
      fail: () => {
        throw new Error('no such tree');
      },
    },
    port1,
  );
  const api = connectControl<Api>(port2);
  t.equal(await callControl(api.add(2, 3), 5000), 5);
  await t.rejects(callControl(api.fail(), 5000), { message: 'no such tree' });
  port1.close();
});

t.test('a call to a dead thread ends at its deadline', async (t) => {
  const { port1, port2 } = new MessageChannel();
  const api = connectControl<Api>(port2);
  await t.rejects(callControl(api.add(2, 3), 20), ControlTimeout);
  port1.close();
});
