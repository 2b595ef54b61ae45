import t from 'tap';
import { kvBytesPerToken, type ModelSpec } from '../../../../src/core/model-spec.js';
import { planGpuMemory, type GpuMemoryOptions } from '../../../../src/device/paged/gpu-limits.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
/** What a run takes beside weights and pages. */
const WORK = 256 * MIB;

const SPEC: ModelSpec = {
  architecture: 'LlamaForCausalLM',
  modelType: 'llama',
  numLayers: 30,
  numHeads: 9,
  numKvHeads: 3,
  headDim: 64,
  hiddenSize: 576,
  vocabSize: 49_152,
  contextLength: 8192,
  slidingWindow: null,
  windows: [],
  moe: null,
  state: null,
  embedding: null,
  format: 'int4',
  kvType: 'f16',
  weightBytes: 100 * MIB,
};
/** 30 layers of keys and values, 3 heads of 64, 2 bytes each. */
const TOKEN_BYTES = 30 * 2 * 3 * 64 * 2;

function options(rest: Partial<GpuMemoryOptions> = {}): GpuMemoryOptions {
  return {
    spec: SPEC,
    memoryBytes: 4 * GIB,
    numDevices: 1,
    arrayBytesMax: Infinity,
    memFraction: 0.8,
    maxRunningRequests: null,
    maxTotalTokens: null,
    pageSizeTokens: 64,
    ...rest,
  };
}

t.test('pages take the share of what the weights and a run leave', (t) => {
  t.equal(kvBytesPerToken(SPEC), TOKEN_BYTES);
  for (const memoryBytes of [1 * GIB, 4 * GIB, 80 * GIB]) {
    for (const memFraction of [0.3, 0.85]) {
      const { limits, freeBytes } = planGpuMemory(options({ memoryBytes, memFraction }));
      const budget = (memoryBytes - WORK - SPEC.weightBytes) * memFraction;
      const bytes = limits.numPages * 64 * TOKEN_BYTES;
      t.ok(bytes <= budget && bytes + 64 * TOKEN_BYTES > budget, `${memoryBytes} ${memFraction}`);
      t.equal(
        freeBytes,
        memoryBytes - WORK - SPEC.weightBytes - bytes,
        'what is left for an update',
      );
      t.equal(limits.slotLength, 8192);
    }
  }
  t.end();
});

t.test('16-bit K and V are half of 32-bit ones', (t) => {
  const half = planGpuMemory(options()).limits.numPages;
  const whole = planGpuMemory(options({ spec: { ...SPEC, kvType: 'f32' } })).limits.numPages;
  t.ok(Math.abs(half - 2 * whole) <= 1);
  t.end();
});

t.test('keys of a layer and the spare page are one array', (t) => {
  const bytesOfRow = 3 * 64 * 2;
  const arrayBytesMax = 128 * MIB;
  const { limits } = planGpuMemory(options({ memoryBytes: 80 * GIB, arrayBytesMax }));
  const bytes = (limits.numPages + 1) * 64 * bytesOfRow;
  t.ok(bytes <= arrayBytesMax && bytes + 64 * bytesOfRow > arrayBytesMax);
  const maxTotalTokens = 2 ** 19;
  t.throws(() => planGpuMemory(options({ memoryBytes: 80 * GIB, arrayBytesMax, maxTotalTokens })), {
    name: 'StartupError',
    message:
      /^--max-total-tokens 524288 does not fit: WebGPU's arrays hold \d+ tokens of this model/,
  });
  t.end();
});

t.test('what was asked for is what there is', (t) => {
  const { limits } = planGpuMemory(options({ maxTotalTokens: 1000, maxRunningRequests: 7 }));
  t.same(limits, { numSlots: 7, slotLength: 960, numPages: 15, pageSizeTokens: 64 });
  t.end();
});

t.test('many requests run at once, but each has a page', (t) => {
  t.equal(planGpuMemory(options()).limits.numSlots, 64);
  t.equal(planGpuMemory(options({ maxTotalTokens: 640 })).limits.numSlots, 10);
  t.end();
});

t.test('where no driver tells the memory somebody must', (t) => {
  t.throws(() => planGpuMemory(options({ memoryBytes: null })), {
    name: 'StartupError',
    message: /--gpu-memory-gb or --max-total-tokens/,
  });
  const plan = planGpuMemory(options({ memoryBytes: null, maxTotalTokens: 6400 }));
  t.equal(plan.limits.numPages, 100);
  t.equal(plan.freeBytes, 0, 'an update builds in place');
  t.match(plan.account[0], /unknown for each of 1 device/);
  t.end();
});

t.test('no driver tells the memory, but arrays have their limit', (t) => {
  const arrayBytesMax = 128 * MIB;
  const asked = { memoryBytes: null, arrayBytesMax, maxTotalTokens: 2 ** 20 };
  t.throws(() => planGpuMemory(options(asked)), { name: 'StartupError', message: /does not fit/ });
  t.end();
});

t.test('what does not fit is said, and what to do', (t) => {
  const cases: readonly [rest: Partial<GpuMemoryOptions>, message: RegExp][] = [
    [
      { memoryBytes: 300 * MIB },
      /^The weights take 100 MiB, a run 256 MiB, and the GPU has 300 MiB\./,
    ],
    [{ memoryBytes: 357 * MIB }, /^KV of \d+ tokens is fewer than two pages of 64 tokens/],
    [{ maxTotalTokens: 127 }, /^KV of 127 tokens is fewer than two pages/],
    [{ maxTotalTokens: 10 ** 9 }, /^--max-total-tokens 1000000000 does not fit/],
  ];
  for (const [rest, message] of cases) {
    t.throws(() => planGpuMemory(options(rest)), { name: 'StartupError', message });
  }
  t.end();
});

t.test('the log says where the memory goes', (t) => {
  const { account } = planGpuMemory(options({ numDevices: 2, maxTotalTokens: 6400 }));
  t.same(account, [
    'GPU memory: 4096 MiB for each of 2 device(s)',
    'weights: 100 MiB per device',
    'KV pages: 100 of 64 tokens = 6400 tokens in f16, 141 MiB per device',
  ]);
  t.end();
});
