import t from 'tap';
import { createGpuLock, GpuLock } from '../../../src/device/gpu-lock.js';
import { openPagedDevice } from '../../../src/device/paged/paged-device.js';
import { testModelDevice } from '../../conformance/model-device.js';
import { withoutDrivers } from './drivers.js';

const reason = withoutDrivers();
const lock = new GpuLock(createGpuLock());

if (reason !== false) t.plan(0, reason);
else {
  testModelDevice(t, {
    name: 'WebGPU',
    target: { device: 'webgpu', dtype: 'auto' },
    open: (model, limits) => openPagedDevice(model, limits, { kind: 'webgpu', card: 0, lock }),
    bounds: {
      'llama-plain': 0.1,
      'qwen2-moe': 0.1,
      'llama-head-20': 0.1,
      'qwen2-window': 0.1,
    },
  });
}
