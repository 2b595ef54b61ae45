import { adapterEnv, driversEnv } from './adapter-env.js';
import type { Candidate, RankGpu, WhyNot } from './candidate.js';
import type { GpuCard } from './gpu-cards.js';
import type { HostAdapters } from './host-adapters.js';
import { ranksOver, type RankArgs } from './ranks.js';
import type { VulkanDriver } from './vulkan.js';

export interface WebGpuOptions extends RankArgs {
  /** Whether drivers that compute on the CPU will do where there is nothing else. */
  readonly takesSoftware: boolean;
}

/** WebGPU's cards for the ranks. */
export function webGpuCandidate(host: HostAdapters, options: WebGpuOptions): Candidate | WhyNot {
  const cards = host.gpus?.filter(({ hindrance }) => hindrance === null) ?? [];
  if (cards.length > 0) return cardsFor(cards, host, options);
  const unlisted = unlistedDrivers(host);
  if (unlisted !== null) return runtimesPick(unlisted, options);
  if (host.vulkan.hasLoader === false) return NO_LOADER;
  const software = host.vulkan.drivers.filter(
    ({ isSoftware, hasLibrary }) => isSoftware && hasLibrary !== false,
  );
  if (options.takesSoftware && software.length > 0) return softwareFor(software, options);
  return whyNoCard(host.gpus ?? [], software);
}

const NO_LOADER = "Vulkan's loader, libvulkan.so.1, is not installed";

function whyNoCard(cards: readonly GpuCard[], software: readonly VulkanDriver[]): WhyNot {
  const reasons = cards.map(({ name, hindrance }) => `${name}: ${hindrance ?? ''}`);
  if (software.length > 0) {
    reasons.push(`only a software adapter (${software.map(({ name }) => name).join(', ')})`);
  }
  return reasons.length === 0 ? 'no GPU' : reasons.join(', and ');
}

/**
 * The drivers behind which a system has cards that it does not list: WSL's; none on macOS and Windows, where the
 * runtime needs no Vulkan. Null = there are none.
 */
function unlistedDrivers({ gpus, platform, vulkan }: HostAdapters): readonly VulkanDriver[] | null {
  if (gpus !== null) return null;
  if (platform !== 'linux') return [];
  const drivers = vulkan.drivers.filter(({ name }) => name.startsWith('dzn'));
  return drivers.length === 0 ? null : drivers;
}

/** Where no list has the cards, the runtime takes one, and nothing can be chosen. */
function runtimesPick(
  drivers: readonly VulkanDriver[],
  { dpSize, baseGpuId }: RankArgs,
): Candidate | WhyNot {
  if (dpSize > 1) return 'this system lists no GPUs to choose from: --dp-size must be 1';
  if (baseGpuId > 0) return 'this system lists no GPUs to choose from: leave --base-gpu-id out';
  const gpu = { index: 0, name: "the system's GPU", pciSlot: null, memoryBytes: null };
  const env = drivers.length === 0 ? {} : driversEnv(drivers);
  return { kind: 'webgpu', gpus: [{ ...gpu, isSoftware: false, env }], warnings: [] };
}

function cardsFor(
  cards: readonly GpuCard[],
  { vulkan }: HostAdapters,
  args: RankArgs,
): Candidate | WhyNot {
  const ranks = ranksOver(cards.length, args);
  if (typeof ranks === 'string') return ranks;
  const gpus: RankGpu[] = [];
  for (const index of ranks) {
    const card = cards[index];
    if (card === undefined) continue;
    const env = adapterEnv(card, { gpus: cards, vulkan });
    if (env === null) return cannotBeTold(card);
    const { name, pciSlot, memoryBytes } = card;
    gpus.push({ index, name, pciSlot, memoryBytes, isSoftware: false, env });
  }
  return { kind: 'webgpu', gpus, warnings: [] };
}

function cannotBeTold({ name }: GpuCard): WhyNot {
  return (
    `nothing tells this ${name} from the others: Mesa's device-select layer does, ` +
    'which comes with its Vulkan drivers'
  );
}

/** Any number of ranks may share what is the CPU. */
function softwareFor(
  drivers: readonly VulkanDriver[],
  { dpSize, baseGpuId, gpuIdStep }: RankArgs,
): Candidate {
  const gpus = Array.from({ length: dpSize }, (_, rank) => {
    const index = (baseGpuId + rank * gpuIdStep) % drivers.length;
    return softwareGpu(index, drivers.slice(index, index + 1));
  });
  const names = [...new Set(gpus.map(({ name }) => name))].join(' and ');
  const warning = `WebGPU runs on ${names}, which is this machine's CPU, and slower than --device cpu.`;
  return { kind: 'webgpu', gpus, warnings: [warning] };
}

function softwareGpu(index: number, mine: readonly VulkanDriver[]): RankGpu {
  const name = mine.map((driver) => driver.name).join();
  const env = driversEnv(mine);
  return { index, name, pciSlot: null, memoryBytes: null, isSoftware: true, env };
}
