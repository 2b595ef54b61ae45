/** A program with a model whose device has a process of its own; it ends by itself. See e2e/child-device.test.ts. */
import { LoadingProgress } from '../../src/boot/loading-progress.js';
import { argsFromValues, loadHostEnv } from '../../src/config/load.js';
import { startChildDevice } from '../../src/device/child/start.js';
import { logTo } from '../../src/library/options.js';
import { Radish } from '../../src/radish.js';

const ignore = (): void => undefined;

const radish = await Radish.assembled({
  args: argsFromValues({}),
  env: loadHostEnv(),
  version: '',
  log: logTo(undefined, 'error'),
  progress: new LoadingProgress(),
  onFailed: ignore,
  startDevice: (start) => startChildDevice(start, { env: {} }),
});
const { text } = await radish.generate({
  text: 'The capital of France is',
  sampling_params: { temperature: 0, max_new_tokens: 4 },
});
await radish.close();
console.log(text);
