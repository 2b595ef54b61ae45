import t from 'tap';

import { loadDriverEnv } from '../../../../src/config/driver-env.js';
import { cudaCards, findNvidia } from '../../../../src/device/adapters/nvidia.js';
import { H200, hostOf } from '../../../doubles/made-up-host.js';

const MIB = 2 ** 20;

t.test('nvidia-smi says what a card has', async (t) => {
  t.strictSame(await findNvidia(hostOf(H200)), {
    driverVersion: '570.86.15',
    cards: [
      {
        name: 'NVIDIA H200',
        uuid: 'GPU-0abc',
        pciSlot: '0000:18:00.0',
        memoryBytes: 143771 * MIB,
        freeBytes: 143161 * MIB,
      },
      {
        name: 'NVIDIA H200',
        uuid: 'GPU-1abc',
        pciSlot: '0000:2a:00.0',
        memoryBytes: 143771 * MIB,
        freeBytes: 143000 * MIB,
      },
    ],
  });
});

t.test('without it the kernel says which cards there are', async (t) => {
  const { driverVersion, cards } = await findNvidia(hostOf({ ...H200, programs: {} }));
  t.equal(driverVersion, '570.86.15');
  t.match(cards, [
    { name: 'NVIDIA H200', uuid: 'GPU-0abc', pciSlot: '0000:18:00.0', memoryBytes: null },
    { name: 'NVIDIA H200', uuid: 'GPU-1abc', pciSlot: '0000:2a:00.0', memoryBytes: null },
  ]);
});

t.test('an older driver, and a card that it does not name in full', async (t) => {
  const { driverVersion, cards } = await findNvidia(
    hostOf({
      files: {
        '/proc/driver/nvidia/version':
          'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023',
        '/proc/driver/nvidia/gpus/0000:01:00.0/information': 'Model: \t\t Tesla T4\n',
      },
    }),
  );
  t.equal(driverVersion, '535.104.05');
  t.match(cards, [{ name: 'NVIDIA Tesla T4', uuid: null, pciSlot: '0000:01:00.0' }]);
});

t.test(
  'in WSL the program is elsewhere, and a chip that shares memory has no number',
  async (t) => {
    const program = '/usr/lib/wsl/lib/nvidia-smi';
    const line = '0, GB10, [N/A], [N/A], 0000000F:01:00.0, GPU-7, 580.1\n';
    const { driverVersion, cards } = await findNvidia(hostOf({ programs: { [program]: line } }));
    t.equal(driverVersion, '580.1');
    t.match(cards, [{ name: 'NVIDIA GB10', pciSlot: '000f:01:00.0', memoryBytes: null }]);
  },
);

t.test('nothing there is nothing, and no error', async (t) => {
  const none = { driverVersion: null, cards: [] };
  t.strictSame(await findNvidia(hostOf({})), none);
  const chatter = 'NVIDIA-SMI has failed because it couldn’t communicate with the driver.\n';
  t.strictSame(await findNvidia(hostOf({ programs: { 'nvidia-smi': chatter } })), none);
});

t.test('CUDA_VISIBLE_DEVICES hides and reorders', async (t) => {
  const found = await findNvidia(hostOf(H200));
  const slots = (value?: string) =>
    cudaCards(found, loadDriverEnv({ CUDA_VISIBLE_DEVICES: value })).map(
      ({ pciSlot, uuid }) => pciSlot ?? uuid,
    );
  const [first, second] = ['0000:18:00.0', '0000:2a:00.0'];
  t.strictSame(slots(), [first, second]);
  t.strictSame(slots('1,0'), [second, first]);
  t.strictSame(slots('GPU-1'), [second], 'the beginning of a UUID');
  t.strictSame(slots('1,7,0'), [second], 'up to the first that is none');
  t.strictSame(slots(''), []);
  t.strictSame(slots('-1'), []);
  t.strictSame(slots('MIG-42'), ['MIG-42'], 'a slice is a card that no list has');
});
