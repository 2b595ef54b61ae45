import { basename, dirname, join, resolve } from 'node:path';

import type { DriverEnv } from '../../config/driver-env.js';
import type { Host } from './host.js';
import type { HasLibrary } from './libraries.js';

/** A driver as its manifest tells Vulkan's loader of it. */
export interface VulkanDriver {
  /** The manifest. */
  readonly file: string;
  /** `radeon`, `nvidia`; `llvmpipe` and `SwiftShader` compute on the CPU. */
  readonly name: string;
  readonly isSoftware: boolean;
  /** As the manifest has it: a path, or a name that the linker knows. */
  readonly libraryPath: string;
  readonly apiVersion: string | null;
  /** Whether the library is there; null = nobody could say. */
  readonly hasLibrary: boolean | null;
}

export interface VulkanHost {
  /** Whether `libvulkan.so.1` is there; null = nobody could say. */
  readonly hasLoader: boolean | null;
  readonly drivers: readonly VulkanDriver[];
  /** Whether Mesa's layer is there that `MESA_VK_DEVICE_SELECT` and `DRI_PRIME` speak to. */
  readonly hasSelectLayer: boolean;
}

/** Drivers that are the CPU, by the name of their manifest. */
const SOFTWARE: Readonly<Record<string, string>> = {
  lvp: 'llvmpipe',
  vk_swiftshader: 'SwiftShader',
};
const SELECT_LAYER = 'vulkan/implicit_layer.d/VkLayer_MESA_device_select.json';

/**
 * What Vulkan's loader would find, by its own rules.
 * https://github.com/KhronosGroup/Vulkan-Loader/blob/main/docs/LoaderDriverInterface.md
 */
export function findVulkan(host: Host, env: DriverEnv, hasLibrary: HasLibrary): VulkanHost {
  const inFolders = env.vulkanFolders.map((folder) => join(folder, 'vulkan/icd.d'));
  // What replaces the folders makes the loader deaf to what would be added.
  const places = env.vulkanDrivers ?? [...env.moreVulkanDrivers, ...inFolders];
  const files = places.flatMap((place) => manifestsAt(place, host));
  return {
    hasLoader: hasLibrary('libvulkan.so.1'),
    drivers: [...new Set(files)]
      .map((file) => driverOf(file, host, hasLibrary))
      .filter((driver) => driver !== null),
    hasSelectLayer: env.vulkanFolders.some((folder) => host.exists(join(folder, SELECT_LAYER))),
  };
}

/** A manifest, or those of a folder. */
function manifestsAt(place: string, host: Host): readonly string[] {
  if (place.endsWith('.json')) return [place];
  return host
    .list(place)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(place, name));
}

/** Null for what is no manifest, and for those of 32 bits. */
function driverOf(file: string, host: Host, hasLibrary: HasLibrary): VulkanDriver | null {
  const manifest = manifestIn(host.read(file) ?? '');
  if (manifest === null || isNarrow(file, manifest)) return null;
  const { library_path: libraryPath, api_version: apiVersion } = manifest;
  const name = basename(file).replace(/(_icd)?(\.\w+)?\.json$/, '');
  return {
    file,
    name: SOFTWARE[name] ?? name,
    isSoftware: Object.hasOwn(SOFTWARE, name),
    libraryPath,
    apiVersion: apiVersion ?? null,
    hasLibrary: libraryPath.includes('/')
      ? host.exists(resolve(dirname(file), libraryPath))
      : hasLibrary(libraryPath),
  };
}

interface Manifest {
  readonly library_path: string;
  readonly api_version?: string;
  readonly library_arch?: string;
}

function manifestIn(text: string): Manifest | null {
  try {
    const { ICD: manifest } = JSON.parse(text) as { readonly ICD?: Partial<Manifest> };
    return typeof manifest?.library_path === 'string' ? (manifest as Manifest) : null;
  } catch {
    return null;
  }
}

function isNarrow(file: string, { library_arch: arch }: Manifest): boolean {
  return arch === '32' || /\.(i\d86|armv\w+)\.json$/.test(file);
}
