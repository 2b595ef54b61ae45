import { openCpuDevice } from '../../../src/device/cpu/cpu-device.js';
import { ON_CPU } from '../../../src/model/target.js';
import type { DeviceMaker } from './rig.js';

export const CPU_MAKER: DeviceMaker = {
  target: ON_CPU,
  open: (model, limits) => openCpuDevice(model, limits, { numThreads: 1, spinning: false }),
};

/** The same with a cache of integers. */
export const CPU_INT8_MAKER: DeviceMaker = {
  ...CPU_MAKER,
  target: { ...ON_CPU, kvCacheDtype: 'int8' },
};
