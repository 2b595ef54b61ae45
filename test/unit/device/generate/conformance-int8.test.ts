import t from 'tap';
import { CPU_INT8_MAKER } from '../../../conformance/model-device/cpu-maker.js';
import { testModelDevice } from '../../../conformance/model-device.js';

/** What rounding costs these models, whose weights are random: measured, with some room. */
testModelDevice(t, {
  ...CPU_INT8_MAKER,
  name: 'CPU, int8 cache',
  isRounded: true,
  bounds: {
    'llama-plain': 0.3,
    'qwen2-moe': 0.5,
    'llama-head-20': 0.2,
    'qwen2-window': 1,
  },
});
