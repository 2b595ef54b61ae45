import t from 'tap';

import { adapterEnv, type AdapterEnv } from '../../../../src/device/adapters/adapter-env.js';
import {
  adaptersOf,
  drmCard,
  H200,
  manifestPath,
  SELECT_LAYER,
  vulkanDrivers,
  type MadeUpCard,
  type Tree,
} from '../../../doubles/made-up-host.js';

const NAVI: MadeUpCard = {
  slot: '0000:03:00.0',
  vendor: '0x1002',
  device: '0x744c',
  driver: 'amdgpu',
  render: 128,
};
const SECOND: MadeUpCard = { ...NAVI, slot: '0000:0f:00.0', render: 129 };
const PHOENIX: MadeUpCard = { ...NAVI, slot: '0000:c4:00.0', device: '0x15bf', render: 130 };
const INTEL: MadeUpCard = {
  slot: '0000:00:02.0',
  vendor: '0x8086',
  device: '0x46a6',
  driver: 'i915',
  render: 131,
};

async function envsOf(...trees: readonly Tree[]): Promise<readonly (AdapterEnv | null)[]> {
  const { gpus, vulkan } = await adaptersOf(trees);
  return (gpus ?? []).map((card) => adapterEnv(card, { gpus: gpus ?? [], vulkan }));
}

function only(...names: readonly string[]): AdapterEnv {
  const files = names.map(manifestPath).join(':');
  return { VK_DRIVER_FILES: files, VK_ICD_FILENAMES: files, VK_ADD_DRIVER_FILES: null };
}

t.test('one card takes its drivers, and so no software', async (t) => {
  const drivers = vulkanDrivers('radeon_icd.x86_64', 'lvp_icd.x86_64', 'intel_icd.x86_64');
  t.strictSame(await envsOf(drmCard(0, NAVI), drivers), [only('radeon_icd.x86_64')]);
});

t.test('for a kernel driver that nobody knows any driver may speak, but no software', async (t) => {
  const drivers = vulkanDrivers('radeon_icd', 'lvp_icd', 'novel_icd');
  const envs = await envsOf(drmCard(0, { ...NAVI, driver: 'novel' }), drivers);
  t.strictSame(envs, [only('novel_icd', 'radeon_icd')]);
});

t.test('cards of different makers are told by their drivers', async (t) => {
  const drivers = vulkanDrivers('radeon_icd', 'lvp_icd', 'intel_icd', 'intel_hasvk_icd');
  t.strictSame(await envsOf(drmCard(0, NAVI), drmCard(1, INTEL), drivers), [
    only('intel_hasvk_icd', 'intel_icd'),
    only('radeon_icd'),
  ]);
});

t.test("cards of one driver are told by their ids, where Mesa's layer is alone", async (t) => {
  const trees = [drmCard(0, NAVI), drmCard(1, PHOENIX), vulkanDrivers('radeon_icd')];
  t.strictSame(await envsOf(...trees, SELECT_LAYER), [
    { ...only('radeon_icd'), MESA_VK_DEVICE_SELECT: '1002:744c!', NODEVICE_SELECT: null },
    { ...only('radeon_icd'), MESA_VK_DEVICE_SELECT: '1002:15bf!', NODEVICE_SELECT: null },
  ]);
  t.strictSame(await envsOf(...trees), [
    { ...only('radeon_icd'), VK_LOADER_DEVICE_SELECT: '0x1002:0x744c' },
    { ...only('radeon_icd'), VK_LOADER_DEVICE_SELECT: '0x1002:0x15bf' },
  ]);
});

t.test('identical cards are told by their slots, or not at all', async (t) => {
  const trees = [drmCard(0, NAVI), drmCard(1, SECOND), vulkanDrivers('radeon_icd')];
  const bySlot = { ...only('radeon_icd'), MESA_VK_DEVICE_SELECT: null, NODEVICE_SELECT: null };
  t.strictSame(await envsOf(...trees, SELECT_LAYER), [
    { ...bySlot, DRI_PRIME: 'pci-0000_03_00_0' },
    { ...bySlot, DRI_PRIME: 'pci-0000_0f_00_0' },
  ]);
  t.strictSame(await envsOf(...trees), [null, null]);
});

t.test('so are cards that NVIDIA runs without DRM', async (t) => {
  const envs = await envsOf(H200, vulkanDrivers('nvidia_icd', 'lvp_icd'), SELECT_LAYER);
  t.match(envs, [
    { VK_DRIVER_FILES: manifestPath('nvidia_icd'), DRI_PRIME: 'pci-0000_18_00_0' },
    { VK_DRIVER_FILES: manifestPath('nvidia_icd'), DRI_PRIME: 'pci-0000_2a_00_0' },
  ]);
});
