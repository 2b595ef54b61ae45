import t from 'tap';
import type { DeviceKind } from '../../../src/core/device-kind.js';
import type { FloatType } from '../../../src/core/model-spec.js';
import { CPU_TARGET, DTYPES, targetFor, type Dtype } from '../../../src/model/target.js';

type Row = readonly [
  device: DeviceKind,
  dtype: Dtype,
  stored: FloatType,
  compute: FloatType,
  kv: FloatType,
];

const TABLE: readonly Row[] = [
  ['webgpu', 'auto', 'f32', 'f32', 'f16'],
  ['webgpu', 'auto', 'f16', 'f32', 'f16'],
  ['webgpu', 'auto', 'bf16', 'f32', 'f16'],
  ['webgpu', 'half', 'bf16', 'f16', 'f16'],
  ['webgpu', 'float16', 'f32', 'f16', 'f16'],
  ['webgpu', 'float', 'bf16', 'f32', 'f16'],
  ['webgpu', 'float32', 'f16', 'f32', 'f16'],
  ['cuda', 'auto', 'bf16', 'bf16', 'bf16'],
  ['cuda', 'auto', 'f16', 'f16', 'f16'],
  ['cuda', 'auto', 'f32', 'f16', 'f16'],
  ['cuda', 'half', 'bf16', 'f16', 'f16'],
  ['cuda', 'bfloat16', 'f32', 'bf16', 'bf16'],
  ['cuda', 'float32', 'bf16', 'f32', 'f16'],
];

t.test('what a model is computed in, and its K and V', (t) => {
  for (const [device, dtype, stored, compute, kv] of TABLE) {
    const message = `--device ${device} --dtype ${dtype}, stored in ${stored}`;
    t.same(targetFor({ device, dtype }, stored), { device, compute, kv, blockSize: 32 }, message);
  }
  t.end();
});

t.test('a CPU has one answer', (t) => {
  for (const dtype of DTYPES) {
    for (const stored of ['f32', 'f16', 'bf16'] as const) {
      t.equal(targetFor({ device: 'cpu', dtype }, stored), CPU_TARGET);
    }
  }
  t.same(CPU_TARGET, { device: 'cpu', compute: 'f32', kv: 'f32', blockSize: 16 });
  t.end();
});

t.test('WebGPU has no bfloat16', (t) => {
  t.throws(() => targetFor({ device: 'webgpu', dtype: 'bfloat16' }, 'bf16'), {
    code: 'bad_option',
    message: /^--dtype bfloat16 is not possible: WebGPU has no bfloat16\./,
  });
  t.end();
});
