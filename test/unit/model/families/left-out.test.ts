import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { DECODERS, readDecoder } from '../../../../src/model/families/registry.js';
import { moeFacts, layerWindows } from '../../../../src/model/plan/facts.js';
import type { RopeConfig } from '../../../../src/model/families/rope-config.js';
import { MODEL_TYPES } from '../../../../src/model/families/model-types.js';
import { isPooled, POOLED_FAMILIES } from '../../../../src/model/pooled/registry.js';
import { goldenFolder, goldenNames } from '../golden.js';
import { TINY_SIZES } from './tiny-sizes.js';

function sized(architecture: string, more: object = {}): object {
  const sizes = { ...TINY_SIZES, num_attention_heads: 8, architectures: [architecture] };
  return { ...without(sizes, 'num_key_value_heads'), ...more };
}

function without(json: object, field: string): object {
  return Object.fromEntries(Object.entries(json).filter(([name]) => name !== field));
}

t.test('keys and values without a word of their heads have those of the class', (t) => {
  const numKvHeads = (architecture: string, more = {}): number =>
    readDecoder(sized(architecture, more)).config.numKvHeads;
  t.equal(numKvHeads('LlamaForCausalLM'), 8);
  t.equal(numKvHeads('GlmForCausalLM'), 2);
  t.equal(numKvHeads('GlmForCausalLM', { num_key_value_heads: null }), 8, 'null is a word');
  t.equal(numKvHeads('SmolLM3ForCausalLM'), 4);
  t.equal(numKvHeads('Starcoder2ForCausalLM'), 2);
  t.end();
});

t.test('experts, windows and biases are those of the class', (t) => {
  const experts = { moe_intermediate_size: 32, n_routed_experts: 8, num_experts_per_tok: 2 };
  const shared = (more: object): unknown => {
    const { plan } = readDecoder(sized('Glm4MoeForCausalLM', { ...experts, ...more }));
    const { mlp = null } = plan.layers[1] ?? {};
    return mlp?.kind === 'moe' ? mlp.shared?.kind : mlp;
  };
  t.equal(shared({}), 'gated');
  t.equal(shared({ n_shared_experts: null }), undefined, 'null is none');
  t.match(moeFacts(readDecoder(sized('MixtralForCausalLM')).plan), { numExperts: 8, topK: 2 });
  const windows = (more: object): unknown =>
    layerWindows(readDecoder(sized('MistralForCausalLM', more)).plan);
  t.same(windows({}), [4096, 4096]);
  t.same(windows({ sliding_window: null }), [null, null]);
  const { attention } = readDecoder(sized('Glm4ForCausalLM')).plan.layers[0] ?? {};
  t.type(attention?.qkv.parts[0]?.bias, 'string');
  t.end();
});

t.test('experts are as many as the class has', (t) => {
  const numExperts = (architecture: string, more: object): unknown => {
    const mlps = readDecoder(sized(architecture, more)).plan.layers.map(({ mlp }) => mlp);
    return mlps.map((mlp) => (mlp?.kind === 'moe' ? mlp.experts.length : 0));
  };
  const latent = { first_k_dense_replace: 1 };
  t.same(numExperts('Qwen3MoeForCausalLM', {}), [128, 128]);
  t.same(numExperts('Qwen3MoeForCausalLM', { num_local_experts: 16 }), [16, 16], 'another name');
  t.same(numExperts('DeepseekV3ForCausalLM', latent), [0, 256]);
  t.same(numExperts('DeepseekV2ForCausalLM', { ...latent, num_experts_per_tok: 2 }), [0, 64]);
  t.same(numExperts('Glm4MoeForCausalLM', {}), [0, 128]);
  t.same(numExperts('Glm4MoeLiteForCausalLM', {}), [0, 64]);
  const hybrid = { layer_types: ['mamba', 'attention'], mamba_n_heads: 8 };
  t.same(numExperts('GraniteMoeHybridForCausalLM', hybrid), [8, 8]);
  t.same(numExperts('GraniteMoeHybridForCausalLM', { ...hybrid, num_local_experts: 0 }), [0, 0]);
  const attention = { layer_types: ['conv', 'full_attention'], num_dense_layers: 1 };
  t.same(numExperts('Lfm2MoeForCausalLM', attention), [0, 32]);
  const blocks = { layers_block_type: ['full_attention', 'moe'] };
  t.same(numExperts('NemotronHForCausalLM', blocks), [0, 8]);
  t.end();
});

t.test('a model without the name of a class is of the one that its type has', async (t) => {
  const types = new Set<string>();
  for (const name of await goldenNames()) {
    const json = JSON.parse(await readFile(join(goldenFolder(name), 'config.json'), 'utf8')) as {
      readonly model_type: string;
      readonly architectures?: readonly string[];
    };
    const silent = without(json, 'architectures');
    if (MODEL_TYPES[json.model_type] !== json.architectures?.[0]) continue;
    types.add(json.model_type);
    t.equal(JSON.stringify(readDecoder(silent)), JSON.stringify(readDecoder(json)), name);
  }
  t.ok(types.size > 60, `${types.size} types`);
  t.ok(isPooled({ model_type: 'bert' }, null, false));
  t.throws(() => readDecoder({ model_type: 'toString' }), /a list of one architecture/);
  const supported = new Set([...DECODERS, ...POOLED_FAMILIES].map((one) => one.architecture));
  for (const name of Object.values(MODEL_TYPES)) t.ok(supported.has(name), name);
});

t.test("the text of Mistral 3 is Mistral's or Ministral 3's", (t) => {
  const read = (model_type: string) =>
    readDecoder({
      architectures: ['Mistral3ForConditionalGeneration'],
      text_config: { model_type, num_hidden_layers: 1, vocab_size: 64 },
    });
  const [mistral, ministral] = [read('mistral'), read('ministral3')];
  t.equal(mistral.plan.finalNorm.eps, 1e-6);
  t.same(layerWindows(mistral.plan), [4096]);
  t.equal(ministral.plan.finalNorm.eps, 1e-5);
  t.match(ministral.config, { numKvHeads: 8, headDim: 128, derivedContextLength: 262_144 });
  t.end();
});

t.test('every default is read as if it were said', (t) => {
  for (const { architecture, defaults = {} } of DECODERS) {
    for (const [field, value] of Object.entries(defaults)) {
      const heads = { num_attention_heads: 8, num_experts: 60, n_routed_experts: 64 };
      const json = sized(architecture, { ...heads, moe_intermediate_size: 32 });
      const silent = without(json, field);
      const read = (more: object): string => JSON.stringify(readDecoder({ ...silent, ...more }));
      const all = field === 'num_experts_per_tok' ? {} : { num_experts_per_tok: 2 };
      t.equal(read(all), read({ ...all, [field]: value }), `${architecture}: ${field}`);
    }
  }
  t.end();
});

t.test('rotations are scaled without a word of it, where the class does so', (t) => {
  const rope = (architecture: string, more = {}): RopeConfig =>
    readDecoder(sized(architecture, { num_local_experts: 4, ...more })).config.rope;
  t.match(rope('ApertusForCausalLM'), { type: 'llama3', theta: 12e6, factor: 8 });
  t.match(rope('GptOssForCausalLM'), { type: 'yarn', theta: 150_000, truncate: false });
  t.match(rope('ApertusForCausalLM', { rope_scaling: null }), { type: 'default' });
  const newer = { rope_parameters: { rope_type: 'default', rope_theta: 500 } };
  t.match(rope('GptOssForCausalLM', newer), { type: 'default', theta: 500 });
  const silent = { transformers_version: '5.24.0', rope_scaling: null, rope_theta: 500 };
  t.match(rope('GptOssForCausalLM', silent), { type: 'yarn', theta: 500 }, 'null is none in 5');
  t.match(rope('ApertusForCausalLM', silent), { type: 'llama3', theta: 12e6 });
  t.match(rope('CohereForCausalLM', {}), { theta: 10_000 });
  t.match(rope('CohereForCausalLM', { transformers_version: '5.24.0' }), { theta: 500_000 });
  t.end();
});

t.test('LongRoPE: what stretches is the factor where it is said, else the lengths', (t) => {
  const field = 'original_max_position_embeddings';
  const factors = new Array<number>(4).fill(1);
  const magnitude = (scaling: object, more = {}): number | undefined => {
    const rope_scaling = {
      type: 'longrope',
      short_factor: factors,
      long_factor: factors,
      ...scaling,
    };
    const { rope } = readDecoder(sized('LlamaForCausalLM', { rope_scaling, ...more })).config;
    return rope.type === 'longrope' ? rope.short.magnitude : undefined;
  };
  const stretched = (factor: number, original: number): number =>
    Math.sqrt(1 + Math.log(factor) / Math.log(original));
  t.equal(magnitude({ [field]: 512 }), stretched(4, 512));
  t.equal(magnitude({ [field]: 512, factor: 16 }), stretched(16, 512));
  t.equal(magnitude({ factor: 16 }), stretched(16, 2048));
  t.equal(magnitude({ factor: 16 }, { [field]: 512 }), stretched(4, 512));
  t.equal(magnitude({}), 1);
  t.end();
});

t.test('per_layer_config of many layers has keys of one length', (t) => {
  const { plan } = readDecoder(
    sized('Gemma4ForCausalLM', {
      num_hidden_layers: 12,
      head_dim: 16,
      num_key_value_heads: 4,
      per_layer_config: { '05': { head_dim: 32 }, '11': { head_dim: 64, num_key_value_heads: 2 } },
    }),
  );
  const headDims = plan.layers.map(({ attention }) => attention?.heads?.headDim ?? 16);
  t.same([headDims[4], headDims[5], headDims[11]], [16, 32, 64]);
  t.end();
});

t.test('Gemma 4 has no base outside of its rotations', (t) => {
  const gemma = { head_dim: 16, num_key_value_heads: 4, rope_theta: 500 };
  t.match(readDecoder(sized('Gemma4ForCausalLM', gemma)).config.rope, { theta: 1e6 });
  t.end();
});

t.test('a checkpoint means what the version of transformers computes that it is of', (t) => {
  const fields = {
    num_key_value_heads: 2,
    use_sliding_window: true,
    sliding_window: 8,
    max_window_layers: 1,
  };
  const windows = (more: object): unknown =>
    layerWindows(readDecoder(sized('Qwen2MoeForCausalLM', { ...fields, ...more })).plan);
  t.same(windows({ transformers_version: '4.57.1' }), [8, 8]);
  t.same(windows({ transformers_version: '5.24.0' }), [8, null]);
  t.same(windows({ rope_parameters: { rope_theta: 500 } }), [8, null], 'by what it has');
  const scaling = { type: 'linear', factor: 4 };
  const rope = (more: object): string =>
    readDecoder(sized('NemotronForCausalLM', { rope_scaling: scaling, ...more })).config.rope.type;
  t.equal(rope({ transformers_version: '4.57.1' }), 'default');
  t.equal(rope({ transformers_version: '5.24.0' }), 'linear');
  const clip = (transformers_version: string): unknown =>
    readDecoder(sized('Gemma3nForCausalLM', { transformers_version, num_kv_shared_layers: 0 })).plan
      .layers[0]?.altUp?.clip;
  t.same([clip('4.57.1'), clip('5.24.0')], [120, null]);
  t.end();
});
