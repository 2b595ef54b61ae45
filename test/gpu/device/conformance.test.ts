import t from 'tap';
import { createGpuLock, GpuLock } from '../../../src/device/gpu-lock.js';
import { openPagedDevice } from '../../../src/device/paged/paged-device.js';
import { testModelDevice } from '../../conformance/model-device.js';
import { withoutDrivers } from './drivers.js';

const reason = withoutDrivers();
const lock = new GpuLock(createGpuLock());

if (reason !== false) t.plan(0, reason);
else {
  // Measured on Mesa's software driver with K and V in f16: 0.024, 0.057, 0.017, and 0.087 where windows are right.
  testModelDevice(t, {
    name: 'WebGPU',
    target: { device: 'webgpu', dtype: 'auto', kvCacheDtype: 'auto' },
    open: (model, limits) =>
      openPagedDevice(model, limits, { kind: 'webgpu', isDeterministic: false, card: 0, lock }),
    bounds: {
      'llama-plain': 0.05,
      'qwen2-moe': 0.1,
      'llama-head-20': 0.05,
      'qwen2-window': 0.15,
    },
    mayRefuse: ['qwen2-window'],
  });
}
