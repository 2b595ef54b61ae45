import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import t from 'tap';
import { callControl, connectControl } from '../../../src/actor/control.js';
import type { CacheReplies, ToCache, TreeState } from '../../../src/messages.js';

interface CacheControl {
  snapshot(): readonly TreeState[];
}

t.test(
  'the cache thread answers its scheduler and main, and ends with its scheduler',
  async (t) => {
    const data = new MessageChannel();
    const control = new MessageChannel();
    const worker = new Worker(new URL('../../../workers/cache.js', import.meta.url), {
      workerData: {
        heart: new SharedArrayBuffer(4),
        port: data.port2,
        controlPort: control.port2,
      },
      transferList: [data.port2, control.port2],
    });
    const open = {
      op: 'open',
      tree: '0:0',
      numPages: 4,
      pageSizeTokens: 1,
      disabled: false,
      weightsEpoch: 0,
    } as const;
    const batch: ToCache = { kind: 'ops', ops: [open, { op: 'lease', tree: '0:0', numPages: 3 }] };
    data.port1.postMessage(batch);
    const [replies] = (await once(data.port1, 'message')) as [CacheReplies];
    t.match(replies, { kind: 'replies', replies: [{ op: 'leased', pages: { length: 3 } }] });

    const api = connectControl<CacheControl>(control.port1);
    const trees = await callControl(api.snapshot(), 5_000);
    t.match(trees, [{ tree: '0:0', freePages: 1, leasedPages: 3 }]);

    data.port1.close();
    const [exitCode] = (await once(worker, 'exit')) as [number];
    t.equal(exitCode, 0);
    control.port1.close();
  },
);
