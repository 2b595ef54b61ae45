import { EventEmitter } from 'eventemitter3';
import t from 'tap';
import { Breakage } from '../../../src/boot/breakage.js';
import { watchDevices } from '../../../src/boot/watch-devices.js';
import type { Failure } from '../../../src/core/errors.js';
import type { FleetEvents } from '../../../src/fleet/device-fleet.js';

t.test('the first reason is the reason, and every request hears of it', async (t) => {
  const failures: Failure[] = [];
  const breakage = new Breakage({ fail: (failure) => failures.push(failure) });
  breakage.report('device 0 stays down');
  breakage.report('the scheduler failed');
  t.same(failures, [
    { code: 'NO_DEVICE', message: 'The server cannot go on: device 0 stays down.' },
  ]);
  t.equal(await breakage.reason, 'device 0 stays down');
});

t.test('a promise that rejects is a reason', async (t) => {
  const breakage = new Breakage({ fail: () => undefined });
  breakage.watch(Promise.reject(new Error('the cache actor failed')));
  t.equal(await breakage.reason, 'the cache actor failed');
});

t.test('a line for each thing that happens to a device', (t) => {
  const lines: string[] = [];
  const reasons: string[] = [];
  const events = new EventEmitter<FleetEvents>();
  watchDevices(
    { events },
    {
      info: (line) => lines.push(`info ${line}`),
      error: (line) => lines.push(`error ${line}`),
    },
    { report: (reason) => reasons.push(reason) },
  );
  events.emit('died', { rank: 1, generation: 2 }, 'boom');
  events.emit('replaced', { rank: 1, generation: 3 });
  events.emit('gaveUp', 1, 6);
  t.same(lines, [
    'error Device 1 (generation 2) died: boom',
    'info Device 1 is back (generation 3)',
    'error Device 1 died 6 times in a row: it stays down.',
  ]);
  t.same(reasons, []);
  events.emit('allDown', 'device 1 stays down');
  t.same(reasons, ['device 1 stays down']);
  t.end();
});
