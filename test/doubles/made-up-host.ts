import { loadDriverEnv, type DriverEnv } from '../../src/config/driver-env.js';
import type { Access, Host } from '../../src/device/adapters/host.js';
import { findAdapters, type HostAdapters } from '../../src/device/adapters/host-adapters.js';

/** A machine as a test makes it up. */
export interface Tree {
  /** Text by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Where links lead. */
  readonly links?: Readonly<Record<string, string>>;
  /** Files that this user may not open. */
  readonly denied?: readonly string[];
  /** What programs print, by their name; the others are not there. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly platform?: NodeJS.Platform;
}

const byNumber = new Intl.Collator('en', { numeric: true });

export function hostOf({
  files = {},
  links = {},
  denied = [],
  programs = {},
  platform = 'linux',
}: Tree): Host {
  const paths = [...Object.keys(files), ...Object.keys(links)];
  const exists = (path: string): boolean =>
    paths.some((one) => one === path || one.startsWith(`${path}/`));
  const access = (path: string): Access => {
    if (!exists(path)) return 'missing';
    return denied.includes(path) ? 'denied' : 'open';
  };
  return {
    platform,
    arch: 'x64',
    list: (folder) => {
      const within = paths.filter((path) => path.startsWith(`${folder}/`));
      const names = within.map((path) => path.slice(folder.length + 1).split('/')[0] ?? '');
      return [...new Set(names)].sort(byNumber.compare);
    },
    read: (path) => files[path]?.trim() ?? null,
    realPath: (path) => links[path] ?? (exists(path) ? path : null),
    exists,
    access,
    run: (program) => Promise.resolve(programs[program] ?? null),
  };
}

/** Trees on one machine. */
export function together(...trees: readonly Tree[]): Tree {
  return {
    files: Object.assign({}, ...trees.map(({ files }) => files)) as Record<string, string>,
    links: Object.assign({}, ...trees.map(({ links }) => links)) as Record<string, string>,
    programs: Object.assign({}, ...trees.map(({ programs }) => programs)) as Record<string, string>,
    denied: trees.flatMap(({ denied }) => denied ?? []),
    platform: trees.find(({ platform }) => platform !== undefined)?.platform ?? 'linux',
  };
}

export interface MadeUpCard {
  readonly slot: string;
  readonly vendor: string;
  readonly device: string;
  readonly driver: string;
  readonly vram?: string;
  /** Number of its render node; null = it has none. */
  readonly render: number | null;
}

/** A card of the kernel's DRM. */
export function drmCard(index: number, card: MadeUpCard): Tree {
  const { slot, vendor, device, driver, vram, render } = card;
  // Behind a bridge, which has a slot too.
  const folder = `/sys/devices/pci0000:00/0000:00:01.1/${slot}`;
  const node = `renderD${render ?? ''}`;
  return {
    files: {
      [`${folder}/vendor`]: `${vendor}\n`,
      [`${folder}/device`]: `${device}\n`,
      ...(vram === undefined ? {} : { [`${folder}/mem_info_vram_total`]: `${vram}\n` }),
      [`/sys/class/drm/card${index}-DP-1/status`]: 'disconnected',
      ...(render === null ? {} : { [`/dev/dri/${node}`]: '' }),
    },
    links: {
      [`/sys/class/drm/card${index}/device`]: folder,
      [`${folder}/driver`]: `/sys/bus/pci/drivers/${driver}`,
      ...(render === null ? {} : { [`/sys/class/drm/${node}/device`]: folder }),
    },
  };
}

const ICD = '/usr/share/vulkan/icd.d';

/** Vulkan's loader and drivers by the names of their manifests; their libraries are found. */
export function vulkanDrivers(...names: readonly string[]): Tree {
  const manifest = (name: string): string =>
    JSON.stringify({ ICD: { library_path: `lib_${name}.so`, api_version: '1.4.305' } });
  const libraries = ['libvulkan.so.1', ...names.map((name) => `lib_${name}.so`)];
  return {
    files: Object.fromEntries(names.map((name) => [`${ICD}/${name}.json`, manifest(name)])),
    programs: {
      '/sbin/ldconfig': libraries
        .map((name) => `\t${name} (libc6,x86-64) => /usr/lib/${name}\n`)
        .join(''),
    },
  };
}

/** The path of a manifest of {@link vulkanDrivers}. */
export function manifestPath(name: string): string {
  return `${ICD}/${name}.json`;
}

export const SELECT_LAYER: Tree = {
  files: { '/usr/share/vulkan/implicit_layer.d/VkLayer_MESA_device_select.json': '{}' },
};

export const ONNXRUNTIME = '/app/node_modules/onnxruntime-node';
const BIN = `${ONNXRUNTIME}/bin/napi-v6/linux/x64`;

/** The npm package as it comes. */
export const BARE_PACKAGE: Tree = { files: { [`${BIN}/libonnxruntime.so.1`]: '' } };

/** What its script adds. */
export const CUDA_PACKAGE: Tree = {
  files: {
    [`${BIN}/libonnxruntime_providers_cuda.so`]: '',
    [`${BIN}/libonnxruntime_providers_shared.so`]: '',
  },
};

/** Two cards under NVIDIA's driver, as a server shows them; its DRM part shows none. */
export const H200: Tree = {
  files: {
    '/proc/driver/nvidia/version':
      'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (root)\nGCC version: 12',
    ...Object.fromEntries(
      ['0000:18:00.0', '0000:2a:00.0'].flatMap((slot, minor) => [
        [
          `/proc/driver/nvidia/gpus/${slot}/information`,
          `Model: \t\t NVIDIA H200\nGPU UUID: \t GPU-${minor}abc\nBus Location: \t ${slot}\nDevice Minor: \t ${minor}\n`,
        ],
        [`/sys/bus/pci/devices/${slot}/device`, '0x2335'],
      ]),
    ),
    '/dev/nvidiactl': '',
  },
  programs: {
    'nvidia-smi':
      '0, NVIDIA H200, 143771, 143161, 00000000:18:00.0, GPU-0abc, 570.86.15\n' +
      '1, NVIDIA H200, 143771, 143000, 00000000:2A:00.0, GPU-1abc, 570.86.15\n',
  },
};

export const NO_ENV: DriverEnv = loadDriverEnv({ HOME: '/home/user' });

/** What is found on a made-up machine. */
export async function adaptersOf(
  trees: readonly Tree[],
  env: DriverEnv = NO_ENV,
): Promise<HostAdapters> {
  return await findAdapters(env, hostOf(together(BARE_PACKAGE, ...trees)), ONNXRUNTIME);
}
