import { mkdirSync, symlinkSync } from 'node:fs';

import t from 'tap';

import { drmName, findDrmCards } from '../../../../src/device/adapters/drm.js';
import { THIS_HOST } from '../../../../src/device/adapters/host.js';
import { drmCard, hostOf, together } from '../../../doubles/made-up-host.js';

const AMD = {
  slot: '0000:0b:00.0',
  vendor: '0x1002',
  device: '0x744c',
  driver: 'amdgpu',
  vram: '25753026560',
  render: 128,
};
const ASPEED = {
  slot: '0000:03:00.0',
  vendor: '0x1a03',
  device: '0x2000',
  driver: 'ast',
  render: null,
};

t.test('a card with all that its driver says', (t) => {
  t.strictSame(findDrmCards(hostOf(drmCard(1, AMD))), [
    {
      pciSlot: '0000:0b:00.0',
      vendorId: 0x1002,
      deviceId: 0x744c,
      driver: 'amdgpu',
      vramBytes: 25753026560,
      render: { path: '/dev/dri/renderD128', access: 'open' },
    },
  ]);
  t.end();
});

t.test('a board that shows a console has no render node, and outputs are no cards', (t) => {
  const cards = findDrmCards(hostOf(together(drmCard(0, ASPEED), drmCard(1, AMD))));
  t.match(cards, [{ driver: 'ast', render: null }, { driver: 'amdgpu' }]);
  t.equal(cards.length, 2);
  t.strictSame(cards.map(drmName), ['ASPEED 0x2000', 'AMD 0x744c']);
  t.end();
});

t.test('a node that may not be opened, and one that a container does not have', (t) => {
  const path = '/dev/dri/renderD128';
  const denied = together(drmCard(0, AMD), { denied: [path] });
  t.match(findDrmCards(hostOf(denied)), [{ render: { path, access: 'denied' } }]);
  const { files, links } = drmCard(0, AMD);
  const kept = Object.entries(files ?? {}).filter(([name]) => name !== path);
  const missing = { files: Object.fromEntries(kept), links: links ?? {} };
  t.match(findDrmCards(hostOf(missing)), [{ render: { path, access: 'missing' } }]);
  t.end();
});

t.test('a part of a chip has no slot and no ids; a virtio device stands below its slot', (t) => {
  const soc = '/sys/devices/platform/soc/13000000.gpu';
  const virtio = '/sys/devices/pci0000:00/0000:00:02.0/virtio1';
  const links = {
    '/sys/class/drm/card0/device': soc,
    [`${soc}/driver`]: '/sys/bus/platform/drivers/panfrost',
    '/sys/class/drm/card1/device': virtio,
  };
  const cards = findDrmCards(hostOf({ links, files: { [`${virtio}/vendor`]: '0x1af4' } }));
  t.match(cards, [
    { pciSlot: null, vendorId: null, driver: 'panfrost' },
    { pciSlot: '0000:00:02.0', vendorId: 0x1af4, deviceId: null, driver: null },
  ]);
  t.strictSame(cards.map(drmName), ['panfrost', 'virtio']);
  t.strictSame(findDrmCards(hostOf({})), [], 'no /sys/class/drm');
  t.end();
});

t.test('the real reader follows links, counts as people do and throws nothing', async (t) => {
  const root = t.testdir({ devices: { a: { vendor: '0x8086\n' } }, list: { n10: '', n9: '' } });
  mkdirSync(`${root}/class`);
  symlinkSync('../devices/a', `${root}/class/device`);
  t.match(THIS_HOST.realPath(`${root}/class/device`), /\/devices\/a$/);
  t.equal(THIS_HOST.read(`${root}/class/device/vendor`), '0x8086');
  t.strictSame(THIS_HOST.list(`${root}/list`), ['n9', 'n10']);
  t.equal(THIS_HOST.access(`${root}/list/n9`), 'open');
  t.equal(THIS_HOST.access(`${root}/list/n8`), 'missing');
  t.equal(THIS_HOST.read(root), null);
  t.equal(THIS_HOST.realPath(`${root}/none`), null);
  t.strictSame(THIS_HOST.list(`${root}/none`), []);
  t.equal((await THIS_HOST.run(process.execPath, ['-p', '1 + 1']))?.trim(), '2');
  t.equal(await THIS_HOST.run(`${root}/none`, []), null);
  t.equal(await THIS_HOST.run(process.execPath, ['-e', 'process.exit(3)']), null);
});
