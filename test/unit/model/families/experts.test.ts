import t from 'tap';

import { readDecoder } from '../../../../src/model/families/registry.js';
import { pagedObstacle } from '../../../../src/model/graph/paged/require-paged.js';
import { moeFacts } from '../../../../src/model/plan/facts.js';
import type { MoePlan } from '../../../../src/model/plan/mlp.js';

const BASE = {
  vocab_size: 96,
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  max_position_embeddings: 2048,
  num_experts_per_tok: 2,
};
const DEEPSEEK = {
  ...BASE,
  architectures: ['DeepseekV3ForCausalLM'],
  n_routed_experts: 8,
  n_group: 1,
  topk_group: 1,
  moe_intermediate_size: 32,
  q_lora_rank: null,
  kv_lora_rank: 32,
  qk_rope_head_dim: 16,
  qk_nope_head_dim: 32,
  v_head_dim: 24,
};
const ERNIE = {
  ...BASE,
  architectures: ['Ernie4_5_MoeForCausalLM'],
  moe_num_experts: 8,
  moe_k: 2,
  moe_intermediate_size: 32,
};
const LITE = { ...DEEPSEEK, architectures: ['Glm4MoeLiteForCausalLM'] };
const PHI = { ...BASE, architectures: ['PhimoeForCausalLM'], num_local_experts: 4 };
const LFM2 = {
  ...BASE,
  architectures: ['Lfm2MoeForCausalLM'],
  num_experts: 8,
  moe_intermediate_size: 32,
};
const NEMOTRON = {
  ...BASE,
  architectures: ['NemotronHForCausalLM'],
  hybrid_override_pattern: 'ME*-E',
  mamba_num_heads: 8,
  n_routed_experts: 8,
  moe_intermediate_size: 32,
};
const GPT_OSS = { ...BASE, architectures: ['GptOssForCausalLM'], num_local_experts: 4 };

const REFUSED: readonly [what: string, json: object, message: RegExp][] = [
  ['groups that are not even', { ...DEEPSEEK, n_group: 3 }, /"n_group" must be a divisor of 8/],
  [
    'more open groups than there are',
    { ...DEEPSEEK, n_group: 4, topk_group: 5 },
    /"topk_group" must be at most "n_group" \(4\)/,
  ],
  [
    'groups without two experts to go by',
    { ...DEEPSEEK, n_group: 8, topk_group: 4 },
    /"n_group" must be so few that each has 2 experts/,
  ],
  [
    'more experts of a token than are open',
    { ...DEEPSEEK, n_group: 4, topk_group: 1, num_experts_per_tok: 3 },
    /"num_experts_per_tok" must be at most the 2 experts of its groups/,
  ],
  [
    'an odd part of a head',
    { ...DEEPSEEK, qk_nope_head_dim: 31 },
    /"qk_nope_head_dim" must be even/,
  ],
  [
    'another way to choose',
    { ...DEEPSEEK, architectures: ['DeepseekV2ForCausalLM'], topk_method: 'noaux_tc' },
    /"topk_method" 'noaux_tc' is not supported/,
  ],
  [
    'a third expert of SparseMixer',
    { ...PHI, num_experts_per_tok: 3 },
    /"num_experts_per_tok" must be 2/,
  ],
  [
    'more shared experts than the one that there is',
    { ...NEMOTRON, n_shared_experts: 2 },
    /"n_shared_experts" must be 1, got 2/,
  ],
  [
    'kinds of some layers alone',
    { ...LITE, mlp_layer_types: ['dense'] },
    /"mlp_layer_types" must be one of "dense", "sparse" for each layer/,
  ],
];

for (const [what, json, message] of REFUSED) {
  t.test(`${what}: refused, naming the field`, (t) => {
    t.throws(() => readDecoder(json), { message });
    t.end();
  });
}

t.test('which layers route is said in six ways', (t) => {
  const routed = (json: object): readonly number[] | undefined =>
    moeFacts(readDecoder(json).plan)?.layers;
  t.same(routed(DEEPSEEK), [3]);
  t.same(routed({ ...DEEPSEEK, first_k_dense_replace: 1 }), [1, 2, 3]);
  t.same(routed(LITE), [1, 2, 3]);
  t.same(routed({ ...LITE, mlp_layer_types: ['sparse', 'dense', 'sparse', 'dense'] }), [0, 2]);
  t.same(routed(ERNIE), [1, 2, 3]);
  t.same(routed({ ...ERNIE, moe_layer_end_index: 2, moe_layer_start_index: 0 }), [0, 1, 2]);
  t.same(routed({ ...ERNIE, moe_layer_interval: 2 }), [1, 3]);
  t.same(routed(PHI), [0, 1, 2, 3]);
  t.same(routed(LFM2), [2, 3]);
  t.same(routed({ ...LFM2, num_dense_layers: 0 }), [0, 1, 2, 3]);
  t.same(routed(NEMOTRON), [1, 4]);
  t.end();
});

t.test('groups that are all open are none', (t) => {
  const groups = (change: object): unknown => {
    const mlp = readDecoder({ ...DEEPSEEK, ...change }).plan.layers[3]?.mlp as MoePlan;
    return mlp.routing.kind === 'scored' ? mlp.routing.groups : undefined;
  };
  t.equal(groups({}), null);
  t.equal(groups({ n_group: 4, topk_group: 4 }), null);
  t.same(groups({ n_group: 4, topk_group: 2 }), { count: 4, chosen: 2, best: 2 });
  t.end();
});

t.test('LFM2 adds a little to the sum of the weights', (t) => {
  const routing = (change: object): unknown =>
    (readDecoder({ ...LFM2, ...change }).plan.layers[3]?.mlp as MoePlan).routing;
  t.match(routing({}), { leastSum: 0, addedToSum: 1e-6 });
  t.match(routing({ norm_topk_prob: false }), { leastSum: null });
  t.end();
});

t.test('a head of latent attention is as wide as the wider of k and v', (t) => {
  const headDim = (value: number): number =>
    readDecoder({ ...DEEPSEEK, v_head_dim: value }).config.headDim;
  t.same([24, 48, 64, 65].map(headDim), [48, 48, 64, 66]);
  t.end();
});

t.test('YaRN scales the scores of latent attention twice', (t) => {
  const yarn = { type: 'yarn', factor: 40, original_max_position_embeddings: 64 };
  const scale = (change: object): number | undefined =>
    readDecoder({ ...DEEPSEEK, rope_scaling: { ...yarn, ...change } }).plan.layers[0]?.attention
      ?.scale;
  const plain = 1 / Math.sqrt(48);
  t.equal(scale({}), plain);
  t.equal(scale({ mscale_all_dim: 0 }), plain);
  t.equal(scale({ mscale_all_dim: 1 }), plain * (0.1 * Math.log(40) + 1) ** 2);
  t.end();
});

t.test('no GPU has sinks', (t) => {
  const model = readDecoder(GPT_OSS);
  for (const device of ['cuda', 'webgpu'] as const) {
    t.match(pagedObstacle(model, device), /has no sinks/);
  }
  t.equal(pagedObstacle(readDecoder(PHI), 'cuda'), null);
  t.end();
});
