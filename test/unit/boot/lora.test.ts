import { join } from 'node:path';
import t from 'tap';

import { loraBudget, loraSettings, parseLoraPath } from '../../../src/boot/lora.js';
import { loraBytes } from '../../../src/core/lora.js';
import type { ModelSpec } from '../../../src/core/model-spec.js';
import { presetArgs } from '../api/test-app.js';

const MLP = ['gate_proj', 'up_proj', 'down_proj'];
const asItIs = (path: string) => Promise.resolve(path);
const PATH = join('test', 'fixtures', 'lora', 'llama-patterns');

t.test('an adapter is a name and a path, a path, or an object', (t) => {
  t.same(parseLoraPath('a=b=c'), { name: 'a', path: 'b=c', pinned: false });
  t.same(parseLoraPath('b/c'), { name: 'b/c', path: 'b/c', pinned: false });
  t.same(parseLoraPath('{"lora_name": "a", "lora_path": "b c", "pinned": true}'), {
    name: 'a',
    path: 'b c',
    pinned: true,
  });
  t.throws(() => parseLoraPath('=b'), /must have a name and a path/);
  t.throws(() => parseLoraPath('{"lora_name": "a"}'), /both lora_name and lora_path/);
  t.throws(() => parseLoraPath('{a}'), /is not valid JSON/);
  t.throws(() => parseLoraPath('{"lora_name":"a","lora_path":"b","pinned":1}'), /true or false/);
  t.end();
});

t.test('rank and modules are those of the adapters, where nobody says', async (t) => {
  t.equal(await loraSettings(presetArgs(), asItIs), null);
  const args = { ...presetArgs(), loraPaths: [`a=${PATH}`] };
  t.match(await loraSettings(args, asItIs), { maxRank: 9, maxPerBatch: 8, maxLoaded: null });
  const found = await loraSettings(args, asItIs);
  t.same(new Set(found?.targets), new Set(['q_proj', 'k_proj', 'v_proj', 'o_proj', ...MLP]));
  const said = { ...args, maxLoraRank: 16, loraTargetModules: ['q_proj', 'all'] };
  t.match(await loraSettings(said, asItIs), { maxRank: 16, targets: 'all' });
  await t.rejects(
    loraSettings({ ...presetArgs(), enableLora: true }, asItIs),
    /you need to specify both/,
  );
  await t.rejects(loraSettings({ ...args, loraPaths: ['a=x', 'a=y'] }, asItIs), /two adapters 'a'/);
  await t.rejects(
    loraSettings(
      { ...said, loraPaths: ['x', 'y', 'z'], maxLoadedLoras: 2, maxLorasPerBatch: 1 },
      asItIs,
    ),
    /should not exceed max_loaded_loras\. max_loaded_loras=2, lora_paths=3/,
  );
});

t.test('adapters get a part of what the weights leave', (t) => {
  const lora = [{ name: 'q', in: 100, out: 100, numParts: 1 }];
  const spec = { lora, weightBytes: 1000 } as unknown as ModelSpec;
  const settings = {
    refs: [],
    targets: 'all',
    maxRank: 5,
    maxPerBatch: 2,
    maxLoaded: null,
    eviction: 'lru',
  } as const;
  t.equal(loraBytes(lora, 5), 8 * 200 * 4, 'a rank is rounded up');
  t.equal(loraBudget(settings, spec, 1e9), 2 * 6400);
  t.equal(loraBudget({ ...settings, maxLoaded: 7 }, spec, 1e9), 7 * 6400);
  t.equal(loraBudget(settings, spec, 1000 + 12 * 7000), 7000);
  t.throws(() => loraBudget(settings, spec, 1000 + 12 * 6000), /Lower --max-lora-rank/);
  t.end();
});
