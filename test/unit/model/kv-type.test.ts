import t from 'tap';
import type { DecoderModel } from '../../../src/model/families/family.js';
import { chooseKvType, int8Obstacle } from '../../../src/model/kv-type.js';
import type { KvCacheDtype, ModelTarget } from '../../../src/model/target.js';

const MODEL = { config: { headDim: 64 }, plan: { layers: [] } } as unknown as DecoderModel;
const CPU = { device: 'cpu', kv: 'f32' } as ModelTarget;
const GPU = { device: 'webgpu', kv: 'f16' } as ModelTarget;

function kvType(asked: KvCacheDtype, target: ModelTarget): string {
  return chooseKvType(asked, MODEL, { target, format: 'w8a8_int8' });
}

t.test('what is asked for in 16 bits is kept in floats, on each device its own', (t) => {
  for (const asked of ['bf16', 'bfloat16'] as const) {
    t.equal(kvType(asked, CPU), 'f32');
    t.equal(kvType(asked, GPU), 'f16');
  }
  t.end();
});

t.test('a bias of scores keeps K and V in floats', (t) => {
  const layers = [{ attention: { softcap: null, alibi: {}, latent: null }, recurrent: null }];
  const model = { ...MODEL, plan: { layers } } as unknown as DecoderModel;
  t.match(int8Obstacle(model), /tells positions apart by a bias/);
  t.end();
});

t.test('latents are kept in floats', (t) => {
  const layers = [{ attention: { softcap: null, alibi: null, latent: { absorbed: {} } } }];
  const model = { ...MODEL, plan: { layers } } as unknown as DecoderModel;
  t.match(int8Obstacle(model), /keeps latents in the place of them/);
  t.end();
});

t.test('auto rounds beside rounded weights', { skip: process.arch !== 'x64' }, (t) => {
  t.equal(kvType('auto', CPU), 'i8');
  t.equal(kvType('auto', GPU), 'f16');
  t.equal(kvType('fp32', CPU), 'f32');
  t.end();
});
