// The device without a server: node direct-child.js FOLDER LOAD_FORMAT QUANTIZATION THREADS NUM_SLOTS SLOT_LENGTH
import type { LoadFormat } from '../../../src/model/built-model.js';
import type { Quantization } from '../../../src/model/quantize/format.js';
import { serveSide } from '../lib/child-side.js';
import { DeviceAlone } from '../lib/device-alone.js';
import { RandomIds } from '../lib/random-ids.js';
import type { Workload } from './workload.js';

/** Milliseconds of the timed part: what the server adds is the difference to its own. */
function run(device: DeviceAlone, workload: Workload): Promise<number> {
  return workload.kind === 'prefill' ? prefill(device, workload) : decode(device, workload);
}

async function prefill(
  device: DeviceAlone,
  { numTokens, numPrompts, seed }: Workload & { readonly kind: 'prefill' },
): Promise<number> {
  const random = new RandomIds(seed);
  const start = performance.now();
  for (let i = 0; i < numPrompts; i++) {
    await device.prefill([random.ids(numTokens)]);
    await device.free([0]);
  }
  return performance.now() - start;
}

async function decode(
  device: DeviceAlone,
  { batch, context, steps, seed }: Workload & { readonly kind: 'decode' },
): Promise<number> {
  const random = new RandomIds(seed);
  const slots = Array.from({ length: batch }, (_, slot) => slot);
  await device.prefill(slots.map(() => random.ids(context)));
  const start = performance.now();
  for (let step = 0; step < steps; step++) await device.decode(slots);
  const ms = performance.now() - start;
  await device.free(slots);
  return ms;
}

async function ready(): Promise<(workload: Workload) => Promise<number>> {
  const [folder = '', loadFormat = 'auto', quantization = 'auto', ...numbers] =
    process.argv.slice(2);
  const [numThreads = 2, numSlots = 1, slotLength = 0] = numbers.map(Number);
  const formats = {
    loadFormat: loadFormat as LoadFormat,
    quantization: quantization as Quantization,
  };
  // Even, so that the dummy row of an odd prefill run never passes the end.
  const room = { numSlots, slotLength: slotLength + (slotLength % 2) };
  const device = await DeviceAlone.open({ folder, ...formats, numThreads }, room);
  return (workload) => run(device, workload);
}

await serveSide(ready());
