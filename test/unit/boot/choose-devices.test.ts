import t from 'tap';

import { chooseDevices } from '../../../src/boot/choose-devices.js';
import { defaultArgs } from '../api/test-app.js';
import { NO_ENV } from '../../doubles/made-up-host.js';

t.test('the CPU is the default', async (t) => {
  const choice = await chooseDevices(defaultArgs(), NO_ENV);
  t.strictSame(choice, { kind: 'cpu', why: null, warnings: [], gpus: [] });
});

t.test('auto always finds something, and says why', async (t) => {
  const { why } = await chooseDevices({ ...defaultArgs(), device: 'auto' }, NO_ENV);
  t.match(why, /^--device auto: /);
});
