import type { ModelConfig, MoeConfig } from './model-config.js';
import type {
  GatedMlpPlan,
  LayerPlan,
  LinearPlan,
  MlpPlan,
  ModelPlan,
  TensorPlan,
} from '../plan.js';

const EMBEDDING = 'model.embed_tokens.weight';

/** What a checkpoint calls the norms around attention and MLP; null = there is none. */
export interface NormModules {
  readonly attentionOutput: string | null;
  readonly beforeMlp: string;
  readonly mlpOutput: string | null;
}

const PRE_NORMS: NormModules = {
  attentionOutput: null,
  beforeMlp: 'post_attention_layernorm',
  mlpOutput: null,
};

/** The checkpoint of a Llama-like decoder, by the tensor names that Hugging Face gave it. */
export function decoderPlan(config: ModelConfig, norms = PRE_NORMS): ModelPlan {
  const { hiddenSize, vocabSize } = config;
  return {
    embedding: { name: 'embedding', checkpoint: EMBEDDING, shape: [vocabSize, hiddenSize] },
    layers: Array.from({ length: config.numLayers }, (_, index) => layerPlan(config, norms, index)),
    finalNorm: { name: 'final_norm', checkpoint: 'model.norm.weight', shape: [hiddenSize] },
    head: {
      name: 'head',
      in: hiddenSize,
      out: vocabSize,
      parts: [
        {
          weight: config.tieWordEmbeddings ? EMBEDDING : 'lm_head.weight',
          bias: null,
          out: vocabSize,
        },
      ],
      residual: 'input',
    },
    rotatable:
      norms.attentionOutput === null && norms.mlpOutput === null && config.normGainOffset === 0,
  };
}

function layerPlan(config: ModelConfig, norms: NormModules, index: number): LayerPlan {
  const { hiddenSize, headDim, numHeads, numKvHeads } = config;
  const layer = new Names(`layers.${index}`, `model.layers.${index}`);
  const attention = new Names(layer.logical, `${layer.checkpoint}.self_attn`);
  const headNorm = (part: 'q_norm' | 'k_norm'): TensorPlan | null =>
    config.qkNorm ? attention.tensor(part, part, [headDim]) : null;
  const outputNorm = (name: string, module: string | null): TensorPlan | null =>
    module === null ? null : layer.tensor(name, module, [hiddenSize]);
  return {
    index,
    inputNorm: layer.tensor('input_norm', 'input_layernorm', [hiddenSize]),
    qkv: attention.linear('qkv', {
      in: hiddenSize,
      parts: [
        ['q_proj', numHeads * headDim],
        ['k_proj', numKvHeads * headDim],
        ['v_proj', numKvHeads * headDim],
      ],
      bias: config.qkvBias,
      residual: 'input',
    }),
    qNorm: headNorm('q_norm'),
    kNorm: headNorm('k_norm'),
    o: attention.linear('o', {
      in: numHeads * headDim,
      parts: [['o_proj', hiddenSize]],
      bias: config.outputBias,
      residual: 'output',
    }),
    attentionOutputNorm: outputNorm('attention_output_norm', norms.attentionOutput),
    postNorm: layer.tensor('post_norm', norms.beforeMlp, [hiddenSize]),
    mlp: mlpPlan(config, index),
    mlpOutputNorm: outputNorm('mlp_output_norm', norms.mlpOutput),
  };
}

function mlpPlan(config: ModelConfig, layer: number): MlpPlan {
  const names = new Names(`layers.${layer}`, `model.layers.${layer}.mlp`);
  const { moe } = config;
  return moe?.layers.includes(layer) === true
    ? moePlan(config, moe, names)
    : { kind: 'dense', ...gatedPlan(config, names, config.intermediateSize) };
}

function moePlan(config: ModelConfig, moe: MoeConfig, names: Names): MlpPlan {
  const rows = (name: string, tensor: string, out: number): LinearPlan =>
    names.linear(name, {
      in: config.hiddenSize,
      parts: [[tensor, out]],
      bias: false,
      residual: 'input',
    });
  const shared =
    moe.sharedExpertSize === null
      ? null
      : {
          ...gatedPlan(config, names.below('shared', 'shared_expert'), moe.sharedExpertSize),
          gate: rows('shared.gate', 'shared_expert_gate', 1),
        };
  return {
    kind: 'moe',
    router: rows('router', 'gate', moe.numExperts),
    experts: Array.from({ length: moe.numExperts }, (_, expert) =>
      gatedPlan(config, names.below(`experts.${expert}`, `experts.${expert}`), moe.expertSize),
    ),
    topK: moe.topK,
    normTopkProb: moe.normTopkProb,
    shared,
  };
}

function gatedPlan(config: ModelConfig, names: Names, width: number): GatedMlpPlan {
  return {
    gateUp: names.linear('gate_up', {
      in: config.hiddenSize,
      parts: [
        ['gate_proj', width],
        ['up_proj', width],
      ],
      bias: config.mlpBias,
      residual: 'input',
    }),
    down: names.linear('down', {
      in: width,
      parts: [['down_proj', config.hiddenSize]],
      bias: config.mlpBias,
      residual: 'output',
    }),
  };
}

interface LinearShape {
  readonly in: number;
  /** Checkpoint module and its rows. */
  readonly parts: readonly (readonly [module: string, out: number])[];
  readonly bias: boolean;
  readonly residual: LinearPlan['residual'];
}

/** A place in the network, under its logical name and under its name in the checkpoint. */
class Names {
  constructor(
    readonly logical: string,
    readonly checkpoint: string,
  ) {}

  below(logical: string, checkpoint: string): Names {
    return new Names(`${this.logical}.${logical}`, `${this.checkpoint}.${checkpoint}`);
  }

  tensor(name: string, module: string, shape: readonly number[]): TensorPlan {
    return { name: `${this.logical}.${name}`, checkpoint: this.#parameter(module), shape };
  }

  linear(name: string, shape: LinearShape): LinearPlan {
    return {
      name: `${this.logical}.${name}`,
      in: shape.in,
      out: shape.parts.reduce((sum, [, out]) => sum + out, 0),
      parts: shape.parts.map(([module, out]) => ({
        weight: this.#parameter(module),
        bias: shape.bias ? this.#parameter(module, 'bias') : null,
        out,
      })),
      residual: shape.residual,
    };
  }

  #parameter(module: string, kind: 'weight' | 'bias' = 'weight'): string {
    return `${this.checkpoint}.${module}.${kind}`;
  }
}
