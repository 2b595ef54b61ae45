import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';

import { postJson } from './client.js';
import { startRadish } from './radish-process.js';

const FLAGS = ['--enable-fault-injection', '--watchdog-timeout', '3'];

const HANGS = [
  ['scheduler', '/debug/hang_actor', { actor: 'scheduler' }, /the scheduler has answered nothing/],
  ['cache actor', '/debug/hang_actor', { actor: 'cache' }, /the cache actor has answered nothing/],
  ['device', '/debug/fail_device', { rank: 0, how: 'hang' }, /device 0 .* has answered nothing/],
] as const;

for (const [name, path, body, sentence] of HANGS) {
  t.test(`a ${name} that loops ends the server with a sentence`, async (t) => {
    const radish = await startRadish(FLAGS);
    await postJson(radish.url + path, body);
    const pending = postJson(`${radish.url}/generate`, { text: 'Once' });
    const health = new Set<number>();
    const exit = new Promise<number | null>((resolve) => radish.child.once('close', resolve));
    while (radish.child.exitCode === null && radish.child.signalCode === null) {
      const status = await fetch(`${radish.url}/health`).then(
        ({ status }) => status,
        () => 0,
      );
      health.add(status);
      await wait(20);
    }
    t.not(await exit, 0, 'a failure for whoever started it');
    // A cache that hangs too late for this request does not harm it.
    const answered = name === 'cache actor' ? [200, 503] : [503];
    t.ok(answered.includes((await pending).status), 'who waited was answered');
    t.ok(health.has(503), [...health].join(' '));
    t.match(radish.log(), sentence);
  });
}
