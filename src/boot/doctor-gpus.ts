import type { ServerArgs } from '../config/server-args.js';
import { autoCandidates, chooseDevice } from '../device/adapters/choose-device.js';
import { providerHindrance } from '../device/adapters/cuda-candidate.js';
import type { GpuCard } from '../device/adapters/gpu-cards.js';
import type { HostAdapters } from '../device/adapters/host-adapters.js';
import type { NvidiaCard } from '../device/adapters/nvidia.js';
import type { VulkanDriver } from '../device/adapters/vulkan.js';
import { untried } from './choose-devices.js';
import { gib, note, ok, tried, type Finding } from './finding.js';
import { checkDeviceArgs } from './resolve-device-args.js';

/** What of GPUs a host has, what `--device auto` would try, and whether what is asked for could start. */
export async function examineGpus(
  args: ServerArgs,
  host: HostAdapters,
): Promise<readonly Finding[]> {
  return [
    ...host.cudaCards.map((card, index) => cudaLine(card, index, host)),
    ...(host.cudaCards.length === 0 ? [] : [providerLine(host)]),
    ...webGpuLines(host),
    ...host.vulkan.drivers.map(driverLine),
    ok(autoLine(args, host)),
    ...(args.device === 'cpu' || args.device === 'auto' ? [] : [await deviceLine(args, host)]),
  ];
}

function cudaLine(
  { name, pciSlot, memoryBytes, freeBytes }: NvidiaCard,
  index: number,
  host: HostAdapters,
): Finding {
  const { driverVersion } = host.nvidia;
  return ok(
    listed(`CUDA's GPU ${index}: ${name}`, [
      pciSlot,
      driverVersion === null ? null : `driver ${driverVersion}`,
      memoryBytes === null ? 'memory unknown (no nvidia-smi)' : gib(memoryBytes),
      freeBytes === null ? null : `${gib(freeBytes)} of it free`,
    ]),
  );
}

function providerLine(host: HostAdapters): Finding {
  const hindrance = providerHindrance(host);
  return hindrance === null ? ok("ONNX Runtime's CUDA libraries are installed") : note(hindrance);
}

/** Cards that can be used have the numbers of `--base-gpu-id`. */
function webGpuLines({ gpus }: HostAdapters): readonly Finding[] {
  if (gpus === null)
    return [note('this system lists no GPUs: WebGPU takes the one that the runtime picks')];
  const usable = gpus.filter(({ hindrance }) => hindrance === null);
  return gpus.map((card) => webGpuLine(card, usable.indexOf(card)));
}

function webGpuLine(
  { name, pciSlot, memoryBytes, drivers, hindrance }: GpuCard,
  index: number,
): Finding {
  if (hindrance !== null) return note(listed(`no GPU of WebGPU: ${name}`, [pciSlot, hindrance]));
  return ok(
    listed(`WebGPU's GPU ${index}: ${name}`, [
      pciSlot,
      memoryBytes === null ? 'memory unknown' : gib(memoryBytes),
      `by ${drivers.map((driver) => driver.name).join(' or ')}`,
    ]),
  );
}

function driverLine({ name, file, apiVersion, isSoftware, hasLibrary }: VulkanDriver): Finding {
  const text = listed(`Vulkan driver ${name}`, [
    apiVersion === null ? null : `Vulkan ${apiVersion}`,
    isSoftware ? 'software: it computes on the CPU' : null,
    file,
    hasLibrary === false ? 'its library is missing' : null,
  ]);
  return hasLibrary === false ? note(text) : ok(text);
}

function autoLine(args: ServerArgs, host: HostAdapters): string {
  const found = autoCandidates(args, host);
  const tries = found.flatMap(([kind, candidate]) =>
    typeof candidate === 'string' ? [] : [`${kind} (${namesOf(candidate.gpus)})`],
  );
  const passed = found.flatMap(([kind, candidate]) =>
    typeof candidate === 'string' ? [`; not ${kind}: ${candidate}`] : [],
  );
  return `--device auto would try ${[...tries, 'cpu'].join(', then ')}${passed.join('')}`;
}

/** What stands in the way, before anything is tried out on the device. */
async function deviceLine(args: ServerArgs, host: HostAdapters): Promise<Finding> {
  return await tried(async () => {
    const { kind, gpus, warnings } = await chooseDevice(args, host, untried);
    checkDeviceArgs(args, kind);
    return [`--device ${kind} would try ${namesOf(gpus)}`, ...warnings].join('. ');
  });
}

function namesOf(gpus: readonly { readonly name: string }[]): string {
  return gpus.map(({ name }) => name).join(', ');
}

function listed(what: string, details: readonly (string | null)[]): string {
  return [what, ...details.filter((detail) => detail !== null)].join(', ');
}
