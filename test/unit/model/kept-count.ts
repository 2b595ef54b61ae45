import { readDecoder } from '../../../src/model/families/registry.js';
import type { Quantization } from '../../../src/model/quantize/format.js';
import { keptLinears, type KeptWishes } from '../../../src/model/quantize/kept-linears.js';
import { openSource } from '../../../src/model/source/registry.js';
import { CPU_TARGET } from '../../../src/model/target.js';

/** How many linears of a model `int4` leaves as the checkpoint has them. */
export async function numKept(path: string, wishes: KeptWishes = {}): Promise<number> {
  const source = openSource(path);
  const plan = readDecoder(await source.config()).plan;
  return keptLinears(plan, await source.weights(), CPU_TARGET, wishes).linears.size;
}

/** The formats that give a quantised model the answers of its unpacked weights, to the bit. */
export async function exactFormats(path: string): Promise<readonly Quantization[]> {
  const formats: readonly Quantization[] = ['none', 'int8', 'w8a8_int8'];
  return (await numKept(path)) > 0 ? formats : [...formats, 'int4'];
}
