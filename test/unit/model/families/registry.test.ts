import t from 'tap';

import { ModelConfigError } from '../../../../src/model/families/config-fields.js';
import { resolveContextLength } from '../../../../src/model/families/context-length.js';
import { alibiSlopes } from '../../../../src/model/families/parts/alibi.js';
import { readDecoder } from '../../../../src/model/families/registry.js';
import { requirePaged } from '../../../../src/model/graph/paged/require-paged.js';
import { int8Obstacle } from '../../../../src/model/kv-type.js';
import { layerWindows, moeFacts, stateFacts } from '../../../../src/model/plan/facts.js';
import type { ModelPlan } from '../../../../src/model/plan/network.js';
import { modelSpec } from '../../../../src/model/spec.js';
import { ON_CPU, targetFor } from '../../../../src/model/target.js';

const LLAMA = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 96,
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 2048,
};
const QWEN2 = { ...LLAMA, architectures: ['Qwen2ForCausalLM'] };
const MOE = {
  ...LLAMA,
  architectures: ['Qwen2MoeForCausalLM'],
  num_hidden_layers: 6,
  num_experts: 8,
  num_experts_per_tok: 2,
  moe_intermediate_size: 32,
  shared_expert_intermediate_size: 48,
};

const GEMMA2 = { ...LLAMA, architectures: ['Gemma2ForCausalLM'], num_hidden_layers: 3 };

t.test('an unknown architecture is named beside those that are like it', (t) => {
  t.throws(() => readDecoder({ ...LLAMA, architectures: ['LlamoForCausalLM'] }), {
    message:
      /^Model architecture 'LlamoForCausalLM' is not supported\. The nearest of the supported architectures: LlamaForCausalLM, /,
  });
  t.end();
});

const REFUSED: readonly [what: string, change: Record<string, unknown>, message: RegExp][] = [
  [
    'a missing size',
    { hidden_size: null },
    /"hidden_size" must be a positive integer, it is missing/,
  ],
  ['a fraction', { num_attention_heads: 3.5 }, /"num_attention_heads" must be .*, got 3\.5/],
  ['a size in quotes', { vocab_size: '96' }, /"vocab_size" must be a positive integer, got "96"/],
  [
    'zero layers',
    { num_hidden_layers: 0 },
    /"num_hidden_layers" must be a positive integer, got 0/,
  ],
  [
    'a million layers',
    { num_hidden_layers: 1e6 },
    /"num_hidden_layers" must be at most 1024, got 1000000/,
  ],
  ['an epsilon that is no f32', { rms_norm_eps: 1e308 }, /"rms_norm_eps" must be a positive/],
  ['a negative size', { intermediate_size: -1 }, /"intermediate_size" must be a positive integer/],
  [
    'heads that do not share',
    { num_key_value_heads: 3 },
    /"num_key_value_heads" must be a divisor/,
  ],
  [
    'heads that do not divide',
    { num_attention_heads: 6 },
    /"num_attention_heads" must be a divisor/,
  ],
  ['an odd head', { head_dim: 15 }, /"head_dim" must be even/],
  ['another activation', { hidden_act: 'softmax' }, /"hidden_act" 'softmax' is not supported/],
  ['partial rotation', { partial_rotary_factor: 0.5 }, /"partial_rotary_factor" must be 1/],
  ['a bad flag', { tie_word_embeddings: 'yes' }, /"tie_word_embeddings" must be true or false/],
  ['a bad epsilon', { rms_norm_eps: 0 }, /"rms_norm_eps" must be a positive number/],
  [
    'no architecture, and no type that has one',
    { architectures: [], model_type: 'other' },
    /"architectures" must be a list of one architecture/,
  ],
  ['unknown scaling', { rope_scaling: { type: 'su' } }, /rope scaling type 'su' is not supported/],
  [
    'too few factors',
    { rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1] } },
    /"rope_scaling" has 1 factors, .* there must be 8/,
  ],
  ['scaling without factor', { rope_scaling: { type: 'linear' } }, /"rope_scaling": "factor" must/],
  ['a list for scaling', { rope_scaling: [] }, /"rope_scaling" must be a JSON object/],
];

for (const [what, change, message] of REFUSED) {
  t.test(`${what} is refused, naming the field`, (t) => {
    t.throws(() => readDecoder({ ...LLAMA, ...change }), {
      message,
      constructor: ModelConfigError,
    });
    t.end();
  });
}

t.test('anything but an object is refused', (t) => {
  for (const json of [null, [], 'x', 3]) t.throws(() => readDecoder(json), /must be a JSON object/);
  t.end();
});

t.test('an expert count that cannot be is refused', (t) => {
  t.throws(() => readDecoder({ ...MOE, num_experts: 1e7 }), /"num_experts" must be at most \d+/);
  t.throws(() => readDecoder({ ...MOE, num_experts_per_tok: 9 }), /at most "num_experts" \(8\)/);
  t.throws(
    () => readDecoder({ ...MOE, mlp_only_layers: [0.5] }),
    /"mlp_only_layers" must be a list/,
  );
  t.end();
});

t.test('layers route by decoder_sparse_step and mlp_only_layers', (t) => {
  const routed = (change: object): readonly number[] | undefined =>
    moeFacts(readDecoder({ ...MOE, ...change }).plan)?.layers;
  t.same(routed({}), [0, 1, 2, 3, 4, 5]);
  t.same(routed({ decoder_sparse_step: 2 }), [1, 3, 5]);
  t.same(routed({ decoder_sparse_step: 2, mlp_only_layers: [3] }), [1, 5]);
  t.equal(routed({ decoder_sparse_step: 7 }), undefined);
  t.end();
});

t.test('windows follow use_sliding_window, max_window_layers and layer_types', (t) => {
  const on = { use_sliding_window: true, sliding_window: 8 };
  const windows = (change: object): unknown =>
    layerWindows(readDecoder({ ...QWEN2, ...change }).plan);
  t.same(windows({ sliding_window: 8, max_window_layers: 0 }), [null, null], 'off by default');
  t.same(windows({ ...on, max_window_layers: 1 }), [null, 8]);
  const types = ['sliding_attention', 'full_attention'];
  t.same(windows({ ...on, max_window_layers: 9, layer_types: types }), [8, null]);
  t.throws(() => windows({ ...on, layer_types: ['full_attention'] }), /"layer_types"/);
  t.end();
});

t.test('what a config.json of Gemma 2 leaves out is as in transformers', (t) => {
  const { config, plan } = readDecoder({ ...GEMMA2, hidden_act: 'gelu' });
  t.equal(config.headDim, 256);
  t.match(plan, {
    embeddingScale: 8,
    finalNorm: { gainOffset: 1 },
    head: { parts: [{ weight: plan.embedding.checkpoint }] },
    logitSoftcap: 30,
    rotatable: false,
  });
  t.match(plan.layers[0], {
    attention: { scale: 1 / 16, softcap: 50 },
    mlp: { activation: 'gelu_tanh' },
  });
  t.same(layerWindows(plan), [4096, null, 4096]);
  t.end();
});

t.test('Gemma 2: null is no cap, layer_types has the last word on windows', (t) => {
  const read = (change: object): ModelPlan => readDecoder({ ...GEMMA2, ...change }).plan;
  const caps = (change: object): unknown => {
    const { layers, logitSoftcap } = read(change);
    return [layers[0]?.attention?.softcap, logitSoftcap];
  };
  t.same(caps({ attn_logit_softcapping: null }), [null, 30]);
  t.same(caps({ final_logit_softcapping: null }), [50, null]);
  const types = ['full_attention', 'sliding_attention', 'full_attention'];
  t.same(layerWindows(read({ layer_types: types, sliding_window: 9 })), [null, 9, null]);
  t.throws(() => read({ final_logit_softcapping: 0 }), /"final_logit_softcapping" must be a pos/);
  t.throws(() => read({ hidden_activation: 'softmax' }), {
    message: /"hidden_activation" 'softmax' is not supported\. Supported: silu, swish, gelu, /,
  });
  t.end();
});

t.test('the spec shows a window only when every layer has one', (t) => {
  const options = { contextLength: 64, format: 'none', weightBytes: 1, kvType: 'f32' } as const;
  const window = (change: object): unknown =>
    modelSpec(
      readDecoder({ ...QWEN2, use_sliding_window: true, sliding_window: 8, ...change }),
      options,
    ).slidingWindow;
  t.equal(window({ max_window_layers: 0 }), 8);
  t.equal(window({ max_window_layers: 1 }), null);
  t.end();
});

t.test('heads too narrow for the op are wider in the cache', (t) => {
  const options = { contextLength: 64, format: 'none', weightBytes: 1, kvType: 'f32' } as const;
  const headDim = (size: number): number =>
    modelSpec(readDecoder({ ...LLAMA, head_dim: size }), options).headDim;
  t.same([8, 16, 20, 64, 80].map(headDim), [16, 16, 32, 64, 80]);
  t.end();
});

t.test('the context reaches as far as the rotary settings say', (t) => {
  const reach = (change: object): number =>
    resolveContextLength(readDecoder({ ...LLAMA, ...change }).config, null);
  const scaled = (scaling: object): number => reach({ rope_scaling: scaling });
  t.equal(reach({}), 2048);
  t.equal(scaled({ type: 'linear', factor: 2 }), 4096);
  t.equal(scaled({ rope_type: 'yarn', factor: 4 }), 8192);
  t.equal(scaled({ rope_type: 'yarn', factor: 4, original_max_position_embeddings: 512 }), 2048);
  t.equal(scaled({ type: 'dynamic', factor: 4 }), 2048);
  t.equal(scaled({ type: 'dynamic', factor: 4, original_max_position_embeddings: 512 }), 512);
  t.end();
});

t.test('a context that no request fits into, or that no table reaches, is refused', (t) => {
  const reach = (positions: number, requested: number | null = null) =>
    resolveContextLength(
      readDecoder({ ...LLAMA, max_position_embeddings: positions }).config,
      requested,
    );
  for (const positions of [1, 7]) {
    t.throws(() => reach(positions), {
      message: new RegExp(`^A context length of ${positions} is too short: .*max_position_embed`),
    });
  }
  t.equal(reach(8), 8);
  t.throws(() => reach(2048, 3), { message: /is too short: .* 8 tokens\. Raise it\.$/ });
  t.throws(() => reach(2 ** 31 - 1), {
    message:
      /^A context length of 2147483647 is too long: .* Use --context-length of at most \d+\.$/,
  });
  t.equal(reach(2 ** 31 - 1, 4096), 4096);
  t.end();
});

const ONES = new Array<number>(8).fill(1);

t.test('a longer context than the model has is refused, and says why', (t) => {
  const plain = readDecoder(LLAMA).config;
  t.equal(resolveContextLength(plain, 100), 100);
  t.throws(() => resolveContextLength(plain, 2049), {
    message: /^User-specified context_length \(2049\) is greater than the derived .* \(2048\)\./,
  });
  t.throws(() => resolveContextLength(plain, 0), /must be a positive integer/);
  const dynamic = readDecoder({
    ...LLAMA,
    rope_scaling: { type: 'dynamic', factor: 2 },
  }).config;
  t.throws(() => resolveContextLength(dynamic, 4096), /scales its rotary embedding dynamically/);
  const long = readDecoder({
    ...LLAMA,
    original_max_position_embeddings: 512,
    rope_scaling: { type: 'su', short_factor: ONES, long_factor: ONES },
  }).config;
  t.equal(resolveContextLength(long, null), 512);
  t.equal(resolveContextLength(long, 2048), 2048);
  t.throws(() => resolveContextLength(long, 2049), /\(2048\)\. Without --context-length .*, 512;/);
  t.end();
});

t.test('rope_parameters is read as rope_scaling is', (t) => {
  const { rope } = readDecoder({
    ...LLAMA,
    rope_parameters: { rope_type: 'linear', factor: 2, rope_theta: 500 },
  }).config;
  t.same(rope, { type: 'linear', theta: 500, factor: 2 });
  t.end();
});

t.test('tied embeddings take the head from the embedding table', (t) => {
  const headWeight = (tied: boolean): string | undefined =>
    readDecoder({ ...LLAMA, tie_word_embeddings: tied }).plan.head.parts[0]?.weight;
  t.equal(headWeight(true), 'model.embed_tokens.weight');
  t.equal(headWeight(false), 'lm_head.weight');
  t.end();
});

t.test(
  'layers that keep a state: which they are, how large it is, and what cannot be with it',
  (t) => {
    const config = {
      architectures: ['Lfm2ForCausalLM'],
      vocab_size: 96,
      hidden_size: 32,
      intermediate_size: 48,
      num_hidden_layers: 3,
      num_attention_heads: 4,
      num_key_value_heads: 4,
      max_position_embeddings: 64,
      layer_types: ['conv', 'full_attention', 'conv'],
    };
    const model = readDecoder(config);
    t.same(stateFacts(model.plan), {
      kvLayers: [1],
      tensors: [
        { layer: 0, part: 'conv', shape: [32, 2] },
        { layer: 2, part: 'conv', shape: [32, 2] },
      ],
    });
    t.equal(int8Obstacle(model), 'this model keeps a recurrent state beside them');
    for (const device of ['webgpu', 'cuda'] as const) {
      const target = targetFor({ ...ON_CPU, device }, 'bf16');
      t.throws(
        () => {
          requirePaged(model, target);
        },
        {
          message:
            `--device ${device} cannot run Lfm2ForCausalLM: ` +
            'its layers keep a recurrent state, which only the CPU has. Use --device cpu.',
        },
      );
    }
    for (const types of [
      ['conv', 'conv', 'conv'],
      ['conv', 'full_attention'],
      ['conv', 'gru', 'conv'],
    ]) {
      t.throws(() => readDecoder({ ...config, layer_types: types }), {
        message:
          /"layer_types" must be one of "conv", "full_attention" for each layer, attention at/,
      });
    }
    t.throws(() => readDecoder({ ...config, conv_L_cache: 1 }), {
      message: /"conv_L_cache" must be/,
    });
    t.end();
  },
);

t.test('a field of another name is named as config.json has it', (t) => {
  const gpt2 = { architectures: ['GPT2LMHeadModel'], vocab_size: 96, n_embd: 64, n_layer: 2 };
  t.throws(() => readDecoder({ ...gpt2, n_head: 'x' }), {
    message: /"n_head" must be .*, got "x"/,
  });
  const { config, plan } = readDecoder({ ...gpt2, n_head: 4 });
  t.equal(config.intermediateSize, 256);
  t.same(plan.positions?.shape, [1024, 64]);
  t.end();
});

t.test('Falcon shares one head of k and v, some, or none', (t) => {
  const falcon = {
    ...LLAMA,
    architectures: ['FalconForCausalLM'],
    num_key_value_heads: null,
    num_kv_heads: 2,
  };
  const shared = (change: object): number =>
    readDecoder({ ...falcon, ...change }).config.numKvHeads;
  t.equal(shared({}), 1);
  t.equal(shared({ new_decoder_architecture: true }), 2);
  t.equal(shared({ multi_query: false, num_kv_heads: null }), 4);
  t.throws(() => readDecoder({ ...falcon, new_decoder_architecture: true, parallel_attn: false }), {
    message: /"parallel_attn" must be true where "new_decoder_architecture" is/,
  });
  t.end();
});

t.test(
  'Baichuan has ALiBi without max_position_embeddings, and a head of unit rows in its second',
  (t) => {
    const baichuan = { ...LLAMA, architectures: ['BaichuanForCausalLM'] };
    const first = (change: object) => readDecoder({ ...baichuan, ...change });
    t.equal(first({}).plan.layers[0]?.attention?.alibi, null);
    const large = first({ max_position_embeddings: null, model_max_length: 512 });
    t.equal(large.plan.layers[0]?.attention?.rotary, null);
    t.same(large.plan.layers[0]?.attention?.alibi?.slopes, [0.25, 0.0625, 0.015625, 0.00390625]);
    t.equal(large.config.derivedContextLength, 512);
    const units = (change: object) => first(change).views.filter(({ isUnit }) => isUnit === true);
    t.same(units({}), []);
    t.same(
      units({ vocab_size: 125_696 }).map(({ of }) => of),
      ['lm_head.weight'],
    );
    t.end();
  },
);

t.test('Nemotron-H: steps are within the limits that the code of a folder knows', (t) => {
  const limitsOf = (settings: object): unknown => {
    const { plan } = readDecoder({
      architectures: ['NemotronHForCausalLM'],
      vocab_size: 96,
      hidden_size: 32,
      intermediate_size: 48,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      max_position_embeddings: 64,
      ...settings,
    });
    const [first] = plan.layers;
    return first?.recurrent?.kind === 'mamba2' ? first.recurrent.stepLimits : null;
  };
  const published = { hybrid_override_pattern: 'M*', time_step_min: 0.2 };
  t.same(limitsOf({ ...published, time_step_limit: [0, Infinity] }), [0, Infinity]);
  t.same(limitsOf({ ...published, time_step_limit: [0.1, { __float__: 'Infinity' }] }), [
    0.1,
    Infinity,
  ]);
  t.same(limitsOf({ ...published, time_step_limit: [0, null] }), [0, Infinity]);
  t.same(limitsOf(published), [0, Infinity]);
  const newer = { layers_block_type: ['linear_attention', 'full_attention'] };
  t.same(limitsOf({ ...newer, time_step_min: 0.2, time_step_limit: [0.1, 3] }), [0.2, Infinity]);
  t.throws(() => limitsOf({ ...published, time_step_limit: [1, 0.5] }), {
    message: /"time_step_limit" must be two numbers, the smaller one first, got \[1,0\.5\]/,
  });
  t.end();
});

t.test('Nemotron-H: what each layer is, in all spellings', (t) => {
  const config = {
    architectures: ['NemotronHForCausalLM'],
    vocab_size: 96,
    hidden_size: 32,
    intermediate_size: 48,
    num_attention_heads: 4,
    num_key_value_heads: 4,
    max_position_embeddings: 64,
  };
  const kindsOf = (blocks: object): readonly string[] =>
    readDecoder({ ...config, ...blocks }).plan.layers.map(({ attention, recurrent, mlp }) =>
      [attention && 'attention', recurrent?.kind, mlp?.kind].filter(Boolean).join('+'),
    );
  const kinds = ['mamba2', 'plain', 'attention', 'mamba2'];
  t.same(kindsOf({ hybrid_override_pattern: 'M-*M' }), kinds);
  t.same(kindsOf({ layers_block_type: ['mamba', 'mlp', 'attention', 'mamba'] }), kinds);
  const long = ['linear_attention', 'mlp', 'full_attention', 'linear_attention'];
  t.same(kindsOf({ layers_block_type: long }), kinds);
  t.throws(() => kindsOf({ hybrid_override_pattern: 'MX*' }), {
    message: /"hybrid_override_pattern" has 'X', and layers of NemotronHForCausalLM are supported/,
  });
  t.throws(() => kindsOf({ hybrid_override_pattern: 'M-M' }), {
    message: /attention at least once/,
  });
  t.end();
});

t.test('slopes of ALiBi beyond a power of two are those between', (t) => {
  t.same(alibiSlopes(3), [2 ** -4, 2 ** -8, 2 ** -2]);
  t.end();
});
