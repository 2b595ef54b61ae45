import { excerpt, ModelConfigError, type ConfigFields } from './config-fields.js';
import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { readSigmoidExperts } from './parts/deepseek-experts.js';
import { type ExpertTraits, routedMlp } from './parts/experts.js';
import { alone } from './parts/layers.js';
import { mamba2, type MambaTraits, readStepLimits } from './parts/mamba.js';
import { plainMlp, readActivation } from './parts/mlp.js';
import { type NormStyle, rmsNorm } from './parts/norm.js';
import { readConvWidth } from './parts/recurrent.js';
import { readSizes } from './sizes.js';

const architecture = 'NemotronHForCausalLM';

/** What a layer is: of `hybrid_override_pattern`, and of `layers_block_type` in both of its spellings. */
const BLOCKS = {
  M: 'mamba',
  '*': 'attention',
  '-': 'mlp',
  E: 'experts',
  mamba: 'mamba',
  linear_attention: 'mamba',
  attention: 'attention',
  full_attention: 'attention',
  mlp: 'mlp',
  moe: 'experts',
} as const;

type Block = (typeof BLOCKS)[keyof typeof BLOCKS];

const AT = 'mixer';

/** Of its config class, where they are not those of others. */
const DEFAULTS = {
  num_key_value_heads: 8,
  num_experts_per_tok: 2,
  moe_intermediate_size: 7688,
};

/** Each layer is a Mamba-2 mixer, attention without a rotation, an MLP, or routed experts (arXiv 2504.03624). */
export const nemotronH: ModelFamily = {
  architecture,
  models: 'Nemotron-H, Nemotron Nano v2, Nemotron 3 Nano',
  read: (own) => {
    const fields = own.completed(DEFAULTS);
    const blocks = readBlocks(fields);
    const config = readSizes(fields, {
      architecture,
      modelType: 'nemotron_h',
      defaultHeadDim: 128,
      numLayers: blocks.length,
    });
    const norm = rmsNorm(fields, 'layer_norm_epsilon', 1e-5);
    const activation = readActivation(fields, 'mlp_hidden_act', 'relu2');
    const mlpBias = fields.boolean('mlp_bias', false);
    const mixer = readMixer(fields, norm);
    const counted = fields.completed({ num_hidden_layers: blocks.length });
    const experts = blocks.includes('experts') ? readExperts(counted, mlpBias) : null;
    return decoder(config, {
      norm,
      // The class has a head of its own, whatever config.json says.
      tied: false,
      modules: {
        embedding: 'backbone.embeddings',
        layers: 'backbone.layers',
        finalNorm: 'backbone.norm_f',
      },
      layer: (place) => {
        const module = 'norm';
        switch (blocks[place.index]) {
          case 'mamba':
            return alone(place, norm, { module, recurrent: mamba2(place, mixer) });
          case 'attention': {
            const own = attention(place, { rotary: null, modules: { at: AT } });
            return alone(place, norm, { module, attention: own });
          }
          case 'experts': {
            const mlp = experts && routedMlp(place, { ...experts, activation });
            return alone(place, norm, { module, mlp });
          }
          default: {
            const modules = { at: AT, up: 'up_proj', down: 'down_proj' };
            const mlp = plainMlp(place, { activation, bias: mlpBias, modules });
            return alone(place, norm, { module, mlp });
          }
        }
      },
    });
  },
};

function readBlocks(fields: ConfigFields): readonly Block[] {
  const field = fields.has('layers_block_type') ? 'layers_block_type' : 'hybrid_override_pattern';
  const names = field === 'layers_block_type' ? fields.texts(field) : fields.text(field).split('');
  const blocks = names.map((name): Block => {
    if (Object.hasOwn(BLOCKS, name)) return BLOCKS[name as keyof typeof BLOCKS];
    throw new ModelConfigError(
      `config.json: "${field}" has '${excerpt(name)}', and layers of ${architecture} are supported that are Mamba-2, ` +
        'attention, an MLP or experts.',
    );
  });
  if (!blocks.includes('attention')) fields.fail(field, 'a list with attention at least once');
  return blocks;
}

/** DeepSeek-V3's choice among experts without a gate, which may read a narrower stream. */
function readExperts(fields: ConfigFields, bias: boolean): Omit<ExpertTraits, 'activation'> {
  const experts = readSigmoidExperts(fields, { numExperts: 8, scale: 1 });
  if (fields.count('n_shared_experts', 1) !== 1) fields.fail('n_shared_experts', '1');
  const width = fields.size('moe_shared_expert_intermediate_size', 7688);
  const [enter, leave] = ['fc1_latent_proj', 'fc2_latent_proj'] as const;
  return {
    ...experts,
    isPlain: true,
    shared: { width, module: 'shared_experts', gate: null, bias },
    ...(fields.has('moe_latent_size')
      ? { latent: { width: fields.size('moe_latent_size'), enter, leave, bias } }
      : {}),
    modules: { ...experts.modules, at: AT },
  };
}

function readMixer(fields: ConfigFields, norm: NormStyle): MambaTraits {
  fields.oneOf('mamba_hidden_act', { silu: true }, 'silu');
  const numValueHeads = fields.size('mamba_num_heads', 128);
  const groups = fields.size('n_groups', 8);
  if (numValueHeads % groups !== 0) {
    fields.fail('n_groups', `a divisor of "mamba_num_heads" (${numValueHeads})`);
  }
  const bias = fields.boolean('use_bias', false);
  return {
    numKeyHeads: groups,
    numValueHeads,
    keyDim: fields.size('ssm_state_size', 128),
    valueDim: fields.size('mamba_head_dim', 64),
    width: readConvWidth(fields, 'conv_kernel', 4),
    convBias: fields.boolean('use_conv_bias', true),
    inputBias: bias,
    outputBias: bias,
    norm: { ...norm, groups, gateBehind: false },
    stepLimits: readLimits(fields),
    module: AT,
  };
}

/**
 * The published code keeps steps within `time_step_limit`, and folders of its time have `hybrid_override_pattern`. Those that
 * transformers 5 wrote have `layers_block_type`, and its class knows of `time_step_min` alone.
 */
function readLimits(fields: ConfigFields): MambaTraits['stepLimits'] {
  return fields.has('layers_block_type')
    ? [fields.positive('time_step_min', 0.001), Infinity]
    : readStepLimits(fields);
}
