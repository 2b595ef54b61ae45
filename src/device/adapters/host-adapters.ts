import type { DriverEnv } from '../../config/driver-env.js';
import { findCudaProvider, type CudaProvider } from './cuda-provider.js';
import { findDrmCards } from './drm.js';
import { gpuCards, type GpuCard, type GpuParts } from './gpu-cards.js';
import { THIS_HOST, type Host } from './host.js';
import { libraryFinder } from './libraries.js';
import { cudaCards, findNvidia, type NvidiaCard } from './nvidia.js';
import { findVulkan } from './vulkan.js';

/** What a host has that could compute, beside its CPU. */
export interface HostAdapters extends GpuParts {
  readonly platform: NodeJS.Platform;
  /** In CUDA's numbering. */
  readonly cudaCards: readonly NvidiaCard[];
  readonly cudaProvider: CudaProvider;
  /** `CUDA_DEVICE_ORDER` */
  readonly cudaOrder: string | null;
  /** In the numbering of `--device webgpu`; null = the system has no list (macOS, Windows, WSL). */
  readonly gpus: readonly GpuCard[] | null;
}

/** Looks at files and asks a few programs; nothing is loaded. `onnxruntime` is the folder of its npm package. */
export async function findAdapters(
  env: DriverEnv,
  host: Host = THIS_HOST,
  onnxruntime?: string,
): Promise<HostAdapters> {
  const [nvidia, cudaProvider, hasLibrary] = await Promise.all([
    findNvidia(host),
    findCudaProvider(host, onnxruntime),
    libraryFinder(host, env.libraryFolders),
  ]);
  // In WSL the cards are behind `/dev/dxg`.
  const hasList = host.platform === 'linux' && !host.exists('/dev/dxg');
  const parts: GpuParts = {
    nvidia,
    nvidiaAccess: hasList ? host.access('/dev/nvidiactl') : 'open',
    drm: findDrmCards(host),
    vulkan: findVulkan(host, env, hasLibrary),
  };
  return {
    ...parts,
    platform: host.platform,
    cudaCards: cudaCards(nvidia, env),
    cudaProvider,
    cudaOrder: env.cudaOrder,
    gpus: hasList ? gpuCards(parts, host) : null,
  };
}
