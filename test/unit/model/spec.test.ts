import t from 'tap';
import { prepareModel } from '../../../src/model/prepare-model.js';
import { ON_CPU, type TargetRequest } from '../../../src/model/target.js';
import { goldenFolder } from './golden.js';

function prepare(name: string, contextLength: number, device: TargetRequest = ON_CPU) {
  const unused = (): never => {
    throw new Error('nothing is quantised here');
  };
  return prepareModel(
    { folder: goldenFolder(name), quantization: 'none', loadFormat: 'auto', contextLength, device },
    { runJob: unused, cacheDir: '', temporaryDir: '', warn: unused, progress: unused },
  );
}

/** Mistral's layers see 11 positions. */
t.test('a window that no request outgrows is none: no device is asked for it', async (t) => {
  const windows = async (contextLength: number) => {
    const { spec } = await prepare('mistral', contextLength);
    return spec.windows;
  };
  t.same(await windows(128), [11]);
  t.same(await windows(12), [11]);
  t.same(await windows(11), []);
  t.same((await prepare('llama-plain', 128)).spec.windows, []);
});

t.test('nor has the graph of a GPU such a window', async (t) => {
  const device = { device: 'webgpu', dtype: 'auto', kvCacheDtype: 'auto' } as const;
  const names = async (contextLength: number) => {
    const { graph } = await prepare('mistral', contextLength, device);
    return Buffer.from(graph).includes('local_window_size');
  };
  t.equal(await names(12), true);
  t.equal(await names(11), false);
});
