import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

import { nonEmpty, type Environment } from './environment.js';

/** What the environment tells the drivers of GPUs, read as they read it. */
export interface DriverEnv {
  /** Folders in which Vulkan's loader looks for `vulkan/icd.d` and `vulkan/implicit_layer.d`, first first. */
  readonly vulkanFolders: readonly string[];
  /** `VK_DRIVER_FILES`, or its older name `VK_ICD_FILENAMES`: manifests or folders of them, instead of the folders'. */
  readonly vulkanDrivers: readonly string[] | null;
  /** `VK_ADD_DRIVER_FILES`: the same, before the folders' manifests. */
  readonly moreVulkanDrivers: readonly string[];
  /** `LD_LIBRARY_PATH` */
  readonly libraryFolders: readonly string[];
  /** `CUDA_VISIBLE_DEVICES`: numbers or UUIDs; null = every card. */
  readonly visibleCudaCards: readonly string[] | null;
  /** `CUDA_DEVICE_ORDER`: CUDA counts the fastest card first unless it is `PCI_BUS_ID`. */
  readonly cudaOrder: string | null;
}

/** What `env` says, with the defaults that Vulkan's loader is built with. */
export function loadDriverEnv(env: Environment): DriverEnv {
  const list = (name: string): readonly string[] | null => {
    const value = nonEmpty(env[name]);
    return value === null ? null : value.split(delimiter).filter((part) => part !== '');
  };
  const home = nonEmpty(env['HOME']) ?? homedir();
  return {
    vulkanFolders: [
      nonEmpty(env['XDG_CONFIG_HOME']) ?? join(home, '.config'),
      ...(list('XDG_CONFIG_DIRS') ?? ['/etc/xdg']),
      '/etc',
      nonEmpty(env['XDG_DATA_HOME']) ?? join(home, '.local/share'),
      ...(list('XDG_DATA_DIRS') ?? ['/usr/local/share', '/usr/share']),
    ],
    vulkanDrivers: list('VK_DRIVER_FILES') ?? list('VK_ICD_FILENAMES'),
    moreVulkanDrivers: list('VK_ADD_DRIVER_FILES') ?? [],
    libraryFolders: list('LD_LIBRARY_PATH') ?? [],
    visibleCudaCards: visibleCards(env['CUDA_VISIBLE_DEVICES']),
    cudaOrder: nonEmpty(env['CUDA_DEVICE_ORDER']),
  };
}

/** Set and empty hides every card. */
function visibleCards(value: string | undefined): readonly string[] | null {
  if (value === undefined) return null;
  return value
    .split(',')
    .map((card) => card.trim())
    .filter((card) => card !== '');
}
