import t from 'tap';

import { kvBytesPerToken, kvLayersOf } from '../../../../src/core/model-spec.js';
import { quantile } from '../../../../src/model/families/parts/quantile.js';
import { readDecoder } from '../../../../src/model/families/registry.js';
import { pagedObstacle } from '../../../../src/model/graph/paged/require-paged.js';
import { int8Obstacle } from '../../../../src/model/kv-type.js';
import type { GatedMlpPlan } from '../../../../src/model/plan/mlp.js';
import { modelSpec } from '../../../../src/model/spec.js';

const BASE = {
  vocab_size: 96,
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 6,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  max_position_embeddings: 2048,
};
const GEMMA3N = { ...BASE, architectures: ['Gemma3nForCausalLM'], num_kv_shared_layers: 1 };
const GEMMA4 = { ...BASE, architectures: ['Gemma4ForCausalLM'], global_head_dim: 32 };
const SPEC = { contextLength: 64, format: 'none', kvType: 'f32', weightBytes: 0 } as const;

const REFUSED: readonly [what: string, json: object, message: RegExp][] = [
  [
    'keys of a kind that no layer before has',
    { ...GEMMA4, num_kv_shared_layers: 1 },
    /"num_kv_shared_layers" must be so few that the layers before them/,
  ],
  [
    'no layer with keys of its own',
    { ...GEMMA4, num_kv_shared_layers: 6 },
    /"num_kv_shared_layers" must be less than there are layers/,
  ],
  [
    'tokens that see those behind them',
    { ...GEMMA4, use_bidirectional_attention: 'all' },
    /"use_bidirectional_attention" must be null or "vision"/,
  ],
  [
    'heads that cannot share',
    { ...GEMMA4, per_layer_config: { 5: { num_key_value_heads: 3 } } },
    /"num_key_value_heads" must be a divisor of 4/,
  ],
  [
    'a part that turns by another rule',
    {
      ...GEMMA4,
      rope_parameters: { full_attention: { rope_type: 'default', partial_rotary_factor: 0.5 } },
    },
    /"partial_rotary_factor" must be 1 but for the type "proportional"/,
  ],
  [
    'a stream beyond those there are',
    { ...GEMMA3N, altup_active_idx: 4 },
    /"altup_active_idx" must be less than "altup_num_inputs" \(4\)/,
  ],
  [
    'gates of which nothing is left',
    { ...GEMMA3N, activation_sparsity_pattern: [0, 0, 0, 0, 0, 1] },
    /"activation_sparsity_pattern" must be a list of 6 numbers from 0 to below 1/,
  ],
];

for (const [what, json, message] of REFUSED) {
  t.test(`${what}: refused, naming the field`, (t) => {
    t.throws(() => readDecoder(json), { message });
    t.end();
  });
}

t.test('what a checkpoint leaves out is as transformers has it', (t) => {
  const published = (name: string) =>
    readDecoder({ architectures: [`${name}ForConditionalGeneration`], text_config: {} });
  const gemma3n = published('Gemma3n').plan.layers;
  t.same(
    gemma3n.slice(18, 26).map(({ attention }) => attention?.sharesKv),
    [undefined, undefined, 18, 18, 18, 18, 19, 18],
  );
  const sparsity = (layer: number) => (gemma3n[layer]?.mlp as GatedMlpPlan).sparsity;
  t.equal(sparsity(10), undefined);
  t.ok(Math.abs((sparsity(9) ?? 0) - 1.6448536269514722) < 1e-12);
  const { layers } = published('Gemma4').plan;
  t.equal(layers[4]?.attention?.heads, undefined);
  t.same(layers[5]?.attention?.heads, { numHeads: 8, numKvHeads: 4, headDim: 512 });
  t.match(layers[5]?.attention?.rotary, { rope: { theta: 1e6 }, dims: 128, ofDims: 512 });
  t.equal(published('Gemma4Unified').plan.tokenInputs, undefined);
  t.end();
});

t.test('a quantile of the normal distribution', (t) => {
  t.ok(Math.abs(quantile(0.5)) < 1e-15);
  t.ok(Math.abs(quantile(0.001) + 3.090232306167813) < 1e-9);
  t.end();
});

t.test(
  'layers that read the keys of others take no room, and heads the room of their size',
  (t) => {
    const kinds = ['sliding_attention', 'full_attention', 'sliding_attention', 'full_attention'];
    const json = { ...GEMMA4, num_hidden_layers: 4, layer_types: kinds, num_kv_shared_layers: 2 };
    const spec = modelSpec(readDecoder(json), SPEC);
    t.same(kvLayersOf(spec), [
      { layer: 0, numKvHeads: 2, headDim: 16, readers: [2] },
      { layer: 1, numKvHeads: 2, headDim: 32, readers: [3] },
    ]);
    t.equal(kvBytesPerToken(spec), 2 * 4 * (2 * 16 + 2 * 32));
    const alike = { ...GEMMA3N, num_kv_shared_layers: 0 };
    t.equal(modelSpec(readDecoder(alike), SPEC).kvLayers, undefined);
    t.end();
  },
);

t.test('integers, and pages of a GPU, hold keys that are alike', (t) => {
  const model = readDecoder(GEMMA4);
  t.match(int8Obstacle(model), /heads of several sizes/);
  for (const device of ['cuda', 'webgpu'] as const) {
    t.match(pagedObstacle(model, device), /pages are alike/);
  }
  t.end();
});
