import t from 'tap';
import { CPU_MAKER } from '../../../conformance/model-device/cpu-maker.js';
import { testModelDevice } from '../../../conformance/model-device.js';

const ROUNDING = 1e-4;

testModelDevice(t, {
  ...CPU_MAKER,
  name: 'CPU',
  bounds: {
    'llama-plain': ROUNDING,
    'qwen2-moe': ROUNDING,
    'llama-head-20': ROUNDING,
    'qwen2-window': ROUNDING,
    smollm3: ROUNDING,
    glm4: ROUNDING,
    lfm2: ROUNDING,
    'qwen3-next': ROUNDING,
    'gpt-oss-full': ROUNDING,
    'olmoe-clip': ROUNDING,
    'deepseek-v2': ROUNDING,
    'gpt2-bare': ROUNDING,
    'olmo-clip': ROUNDING,
    'cohere-bias': ROUNDING,
    'baichuan-alibi': ROUNDING,
    hunyuan: ROUNDING,
    'ministral3-v5': ROUNDING,
  },
});
