import t from 'tap';
import { CPU_INT8_MAKER } from '../../../conformance/model-device/cpu-maker.js';
import { testModelDevice } from '../../../conformance/model-device.js';

/**
 * What rounding costs these models, whose weights are random and whose answers hang on the last bit of it: measured,
 * with some room. A row that takes another expert is another row.
 */
testModelDevice(t, {
  ...CPU_INT8_MAKER,
  name: 'CPU, int8 cache',
  isRounded: true,
  bounds: {
    'llama-plain': 0.3,
    'qwen2-moe': 4,
    'llama-head-20': 0.4,
    'qwen2-window': 1,
    smollm3: 2,
    glm4: 1,
    'gpt-oss-full': 1,
    'olmoe-clip': 0.1,
    'deepseek-v2': 0.3,
    'gpt2-bare': 0.01,
    'olmo-clip': 0.04,
    'cohere-bias': 0.06,
    hunyuan: 2,
    'ministral3-v5': 1,
  },
});
