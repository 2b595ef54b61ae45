import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TINY } from './changed-model.js';

interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const LAYER = /^model\.layers\.(\d+)\./;
/** What a layer adds to the residual stream comes out of these. */
const OUTPUTS = /\.(o_proj|down_proj)\.weight$/;

/**
 * A copy of the built-in model with `times` as many layers, of which the new ones add nothing: it says the same, and
 * costs so many times as much. The model itself can then draft for it.
 */
export async function deepenedModel(folder: string, times: number): Promise<string> {
  await cp(TINY, folder, { recursive: true });
  const configPath = join(folder, 'config.json');
  const config = JSON.parse(await readFile(configPath, 'utf8')) as { num_hidden_layers: number };
  const numLayers = config.num_hidden_layers;
  const path = join(folder, 'model.safetensors');
  const { header, data } = parts(await readFile(path));
  const added: Record<string, StoredTensor> = {};
  const chunks = [data];
  let end = data.length;
  for (let layer = numLayers; layer < times * numLayers; layer++) {
    for (const [name, tensor] of Object.entries(header)) {
      if (Number(LAYER.exec(name)?.[1] ?? -1) !== layer % numLayers) continue;
      const [from, to] = tensor.data_offsets;
      const copy = name.replace(LAYER, `model.layers.${layer}.`);
      added[copy] = { ...tensor, data_offsets: [end, end + to - from] };
      chunks.push(OUTPUTS.test(name) ? Buffer.alloc(to - from) : data.subarray(from, to));
      end += to - from;
    }
  }
  await writeFile(path, joined({ ...header, ...added }, chunks));
  await writeFile(configPath, JSON.stringify({ ...config, num_hidden_layers: times * numLayers }));
  return folder;
}

function parts(file: Buffer): { header: Record<string, StoredTensor>; data: Buffer } {
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, start).toString()) as Record<string, StoredTensor>;
  delete header['__metadata__'];
  return { header, data: file.subarray(start) };
}

function joined(header: object, chunks: readonly Buffer[]): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...chunks]);
}
