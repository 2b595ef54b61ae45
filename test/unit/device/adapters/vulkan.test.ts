import t from 'tap';

import { loadDriverEnv } from '../../../../src/config/driver-env.js';
import { libraryFinder } from '../../../../src/device/adapters/libraries.js';
import { findVulkan, type VulkanHost } from '../../../../src/device/adapters/vulkan.js';
import {
  hostOf,
  manifestPath,
  SELECT_LAYER,
  together,
  vulkanDrivers,
  type Tree,
} from '../../../doubles/made-up-host.js';

async function vulkanOf(tree: Tree, env: Record<string, string> = {}): Promise<VulkanHost> {
  const host = hostOf(tree);
  const driverEnv = loadDriverEnv({ HOME: '/home/user', ...env });
  return findVulkan(host, driverEnv, await libraryFinder(host, driverEnv.libraryFolders));
}

function manifest(libraryPath: string, more: object = {}): string {
  return JSON.stringify({ ICD: { library_path: libraryPath, api_version: '1.3.0', ...more } });
}

function filesOf({ drivers }: VulkanHost): readonly string[] {
  return drivers.map(({ file }) => file);
}

t.test('a driver by its manifest', async (t) => {
  const found = await vulkanOf(together(vulkanDrivers('radeon_icd', 'lvp_icd'), SELECT_LAYER));
  t.strictSame(found, {
    hasLoader: true,
    hasSelectLayer: true,
    drivers: [
      {
        file: manifestPath('lvp_icd'),
        name: 'llvmpipe',
        isSoftware: true,
        libraryPath: 'lib_lvp_icd.so',
        apiVersion: '1.4.305',
        hasLibrary: true,
      },
      {
        file: manifestPath('radeon_icd'),
        name: 'radeon',
        isSoftware: false,
        libraryPath: 'lib_radeon_icd.so',
        apiVersion: '1.4.305',
        hasLibrary: true,
      },
    ],
  });
});

t.test("folders in the loader's order", async (t) => {
  const folders = [
    '/home/user/.config',
    '/etc/xdg',
    '/etc',
    '/home/user/.local/share',
    '/usr/local/share',
    '/usr/share',
  ];
  const fileIn = (folder: string): string => `${folder}/vulkan/icd.d/a_icd.json`;
  const everywhere = [...folders, '/c', '/d', '/e', '/f', '/g'];
  const files = Object.fromEntries(everywhere.map((one) => [fileIn(one), manifest('a.so')]));
  t.strictSame(filesOf(await vulkanOf({ files })), folders.map(fileIn));
  const env = {
    XDG_CONFIG_HOME: '/c',
    XDG_CONFIG_DIRS: '/d',
    XDG_DATA_HOME: '/e',
    XDG_DATA_DIRS: '/f:/g',
  };
  const moved = ['/c', '/d', '/etc', '/e', '/f', '/g'].map(fileIn);
  t.strictSame(filesOf(await vulkanOf({ files }, env)), moved);
});

t.test('variables replace the folders, or add to them', async (t) => {
  const files = { '/x/my_icd.json': manifest('./my.so'), '/y/other.json': manifest('other.so') };
  const tree = together(vulkanDrivers('lvp_icd'), { files });
  const read = async (env: Record<string, string>) => filesOf(await vulkanOf(tree, env));
  const lvp = manifestPath('lvp_icd');
  const [my, other] = ['/x/my_icd.json', '/y/other.json'];
  t.strictSame(await read({ VK_DRIVER_FILES: my }), [my]);
  t.strictSame(await read({ VK_ICD_FILENAMES: `${my}:${lvp}` }), [my, lvp]);
  t.strictSame(
    await read({ VK_ICD_FILENAMES: lvp, VK_DRIVER_FILES: my }),
    [my],
    'the newer name wins',
  );
  t.strictSame(await read({ VK_DRIVER_FILES: '/y' }), [other], 'a folder');
  t.strictSame(await read({ VK_ADD_DRIVER_FILES: my }), [my, lvp]);
  t.strictSame(await read({ VK_ADD_DRIVER_FILES: my, VK_DRIVER_FILES: lvp }), [lvp]);
  t.strictSame(await read({ VK_DRIVER_FILES: '' }), [lvp], 'empty = not set');
});

t.test('libraries beside the manifest, by name, missing, and where nobody can say', async (t) => {
  const files = {
    '/x/here_icd.json': manifest('./here.so'),
    '/x/here.so': '',
    '/x/gone_icd.json': manifest('../gone.so'),
    '/x/path_icd.json': manifest('/x/here.so'),
    '/x/named_icd.json': manifest('libnamed.so'),
    '/ld/libnamed.so': '',
  };
  const has = async (tree: Tree, env: Record<string, string> = {}) => {
    const { drivers } = await vulkanOf(tree, { VK_DRIVER_FILES: '/x', ...env });
    return Object.fromEntries(drivers.map(({ name, hasLibrary }) => [name, hasLibrary]));
  };
  const paths = { gone: false, here: true, path: true };
  t.strictSame(await has({ files }), { ...paths, named: null });
  const known =
    '\tlibother.so (libc6,x86-64) => /l/libother.so\n\tlibnamed.so (libc6) => /l32/libnamed.so\n';
  const programs = { '/sbin/ldconfig': known };
  t.strictSame(
    await has({ files, programs }),
    { ...paths, named: false },
    'one of 32 bits is none',
  );
  const env = { LD_LIBRARY_PATH: '/nowhere:/ld' };
  t.strictSame(await has({ files, programs }, env), { ...paths, named: true });
  t.equal((await vulkanOf({ files, programs })).hasLoader, false);
  t.equal((await vulkanOf({ files })).hasLoader, null);
});

t.test('what is no manifest is passed over, and so are those of 32 bits', async (t) => {
  const files = {
    '/x/a.json': 'no JSON',
    '/x/b.json': 'null',
    '/x/c.json': '{"layer":{}}',
    '/x/d.json': '{"ICD":{"library_path":7}}',
    '/x/e.txt': manifest('e.so'),
    '/x/intel_icd.i686.json': manifest('i.so'),
    '/x/nvidia32.json': manifest('n.so', { library_arch: '32' }),
    '/x/intel_icd.x86_64.json': manifest('i.so', { library_arch: '64' }),
    '/x/vk_swiftshader_icd.json': manifest('./libvk_swiftshader.so'),
  };
  const { drivers } = await vulkanOf({ files }, { VK_DRIVER_FILES: '/x' });
  t.match(drivers, [
    { name: 'intel', isSoftware: false },
    { name: 'SwiftShader', isSoftware: true },
  ]);
  t.equal(drivers.length, 2);
});
