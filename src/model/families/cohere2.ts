import { cohereNetwork } from './cohere.js';
import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readSizes, refusePartialRotary } from './sizes.js';
import { windowsByLayer } from './sliding-window.js';

const architecture = 'Cohere2ForCausalLM';

/** Command-R7B and Command A: three layers with a window for one without, which tells no positions apart. */
export const cohere2: ModelFamily = {
  architecture,
  models: 'Command R7B, Command A',
  read: (fields) => {
    refusePartialRotary(fields);
    const config = readSizes(fields, { architecture, modelType: 'cohere2' });
    const pattern = fields.size('sliding_window_pattern', 4);
    const size = fields.size('sliding_window', 4096);
    const windows = windowsByLayer(fields, size, (layer) => (layer + 1) % pattern !== 0);
    return decoder(
      config,
      cohereNetwork(fields, config, ({ index }) => {
        const window = windows[index] ?? null;
        return window === null ? { rotary: null } : { window };
      }),
    );
  },
};
