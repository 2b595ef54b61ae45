import t from 'tap';

import { SchedulerDesk } from '../../../src/engine/scheduler-desk.js';
import type { CacheQuestion, ToScheduler } from '../../../src/messages.js';

const ASK: Readonly<Record<CacheQuestion['op'], (desk: SchedulerDesk) => Promise<unknown>>> = {
  flush: (desk) => desk.flushCache(),
  read: (desk) => desk.readState(),
  experts: (desk) => desk.recordExperts('dump'),
};

for (const op of ['flush', 'read', 'experts'] as const) {
  t.test(`a refused question fails at once (${op}), and no other one`, async (t) => {
    const posted: ToScheduler[] = [];
    const desk = new SchedulerDesk((message) => posted.push(message));
    const early = ASK[op](desk);
    const late = ASK[op](desk);
    const [first = 0, second = 0] = posted.map((message) => ('id' in message ? message.id : 0));
    const fail = (id: number) => {
      desk.receive({ kind: 'questionFailed', question: { op, id }, message: `${op}: no ${id}` });
    };
    fail(99);
    fail(second);
    fail(second);
    await t.rejects(late, { code: 'INTERNAL', message: `${op}: no ${second}` });
    fail(first);
    await t.rejects(early, { code: 'INTERNAL', message: `${op}: no ${first}` });
  });
}
