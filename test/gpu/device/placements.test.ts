import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { withoutDrivers } from './drivers.js';
import { createGpuLock, GpuLock } from '../../../src/device/gpu-lock.js';
import { createWithCaches } from '../../../src/device/paged/page-session.js';
import { openPagedDevice } from '../../../src/device/paged/paged-device.js';
import type { PreparedModel } from '../../../src/model/graph/contract.js';
import { ModelLoadError } from '../../../src/model/load-error.js';
import { prepareModel } from '../../../src/model/prepare-model.js';
import type { Quantization } from '../../../src/model/quantize/format.js';
import { runQuantizeJob } from '../../../src/model/quantize/run-job.js';
import type { TargetRequest } from '../../../src/model/target.js';

const ROOT = new URL('../../../../', import.meta.url);
const FAMILIES = fileURLToPath(new URL('test/fixtures/families/', ROOT));
const BUILT_IN = fileURLToPath(new URL('config/tiny', ROOT));
const PLACE = {
  kind: 'webgpu',
  card: 0,
  isDeterministic: false,
  lock: new GpuLock(createGpuLock()),
} as const;
const LIMITS = { numSlots: 2, slotLength: 128, numPages: 4, pageSizeTokens: 64 };
const FORMATS: readonly Quantization[] = ['none', 'int8', 'int4'];

const skip = withoutDrivers();

function prepare(
  folder: string,
  quantization: Quantization,
  device: TargetRequest,
  cacheDir: string,
): Promise<PreparedModel> {
  return prepareModel(
    { folder, quantization, loadFormat: 'auto', contextLength: null, device },
    {
      runJob: (job) => {
        runQuantizeJob(job);
        return Promise.resolve();
      },
      cacheDir,
      temporaryDir: cacheDir,
      warn: () => undefined,
      progress: () => undefined,
    },
  );
}

void t.test('every graph for WebGPU is placed there as a whole', { skip }, async (t) => {
  const cacheDir = t.testdir();
  const folders = [...readdirSync(FAMILIES).map((name) => `${FAMILIES}${name}`), BUILT_IN];
  let numPlaced = 0;
  for (const folder of folders) {
    for (const quantization of FORMATS) {
      for (const dtype of ['auto', 'float16'] as const) {
        const name = `${basename(folder)} ${quantization} ${dtype}`;
        const request = { device: 'webgpu', dtype, kvCacheDtype: 'auto' } as const;
        const model = await prepare(folder, quantization, request, cacheDir).catch(unservable);
        if (model === null) continue;
        await t.resolves(place(model), name);
        numPlaced += 1;
      }
    }
  }
  t.ok(numPlaced >= 60, `${numPlaced} graphs`);
});

/** Models that are refused with a sentence: softcaps, matrices that the format does not take. */
function unservable(error: unknown): null {
  if (error instanceof ModelLoadError && error.code === 'bad_option') return null;
  throw error;
}

async function place({ spec, graph, weightsFolder }: PreparedModel): Promise<void> {
  const { numLayers, numKvHeads, headDim, kvType: type } = spec;
  if (type === 'i8') throw new Error('pages of a GPU hold floats');
  const shape = { numLayers, numKvHeads, headDim, type, numPages: 2, pageSizeTokens: 64 };
  const session = await createWithCaches({ graph, weightsFolder }, shape, PLACE);
  await session.release();
}

/** WebGPU has no log-softmax of f32, which graphs for CUDA have. */
void t.test('a node without a kernel is named', { skip }, async (t) => {
  const request = { device: 'cuda', dtype: 'float32', kvCacheDtype: 'auto' } as const;
  const model = await prepare(`${FAMILIES}llama-blocks`, 'int4', request, t.testdir());
  await t.rejects(openPagedDevice(model, LIMITS, PLACE), {
    message:
      '--device webgpu has no kernel for LogSoftmax (f32 behind the attention of layer 1), ' +
      'and nothing is left to the CPU in the middle of a run',
  });
});

void t.test('several kinds of nodes are named in their order', { skip }, async (t) => {
  const request = { device: 'cuda', dtype: 'float32', kvCacheDtype: 'auto' } as const;
  const model = await prepare(`${FAMILIES}qwen2-moe-blocks`, 'int4', request, t.testdir());
  await t.rejects(openPagedDevice(model, LIMITS, PLACE), {
    message: /FusedMatMul \(f32, 2 nodes, .*Reshape \(i64, 2 nodes, .* and \d+ other kind/,
  });
});
