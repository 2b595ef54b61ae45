import type { LinearPlan, TensorPlan } from '../plan.js';
import type { EncoderConfig, EncoderLayerPlan, EncoderPlan, LayerNormPlan } from './pooled-plan.js';

/** The checkpoint of a BERT-like encoder, without the `bert.` or `roberta.` of models with a head. */
export function encoderPlan(config: EncoderConfig): EncoderPlan {
  const { hiddenSize, vocabSize, numPositions, numTokenTypes } = config;
  const table = (name: string, rows: number): TensorPlan => ({
    name,
    checkpoint: `embeddings.${name}.weight`,
    shape: [rows, hiddenSize],
  });
  return {
    words: table('word_embeddings', vocabSize),
    positions: table('position_embeddings', numPositions),
    tokenTypes: table('token_type_embeddings', numTokenTypes),
    norm: layerNorm('embeddings.LayerNorm', hiddenSize),
    layers: Array.from({ length: config.numLayers }, (_, layer) => layerPlan(config, layer)),
  };
}

function layerPlan(config: EncoderConfig, layer: number): EncoderLayerPlan {
  const { hiddenSize, intermediateSize } = config;
  const at = `encoder.layer.${layer}`;
  const own = ['query', 'key', 'value'].map((name) => `${at}.attention.self.${name}`);
  return {
    qkv: biasedLinear(`${at}.qkv`, own, hiddenSize, hiddenSize),
    o: single(`${at}.attention.output.dense`, hiddenSize, hiddenSize),
    attentionNorm: layerNorm(`${at}.attention.output.LayerNorm`, hiddenSize),
    up: single(`${at}.intermediate.dense`, hiddenSize, intermediateSize),
    down: single(`${at}.output.dense`, intermediateSize, hiddenSize),
    outputNorm: layerNorm(`${at}.output.LayerNorm`, hiddenSize),
  };
}

/** One module with a bias, logical name and name in the checkpoint being the same. */
export function single(module: string, inSize: number, out: number): LinearPlan {
  return biasedLinear(module, [module], inSize, out);
}

/** Modules with biases whose rows lie one after another; `out` is the rows of each. */
function biasedLinear(
  name: string,
  modules: readonly string[],
  inSize: number,
  out: number,
): LinearPlan {
  return {
    name,
    in: inSize,
    out: out * modules.length,
    parts: modules.map((module) => ({
      weight: `${module}.weight`,
      bias: `${module}.bias`,
      out,
    })),
  };
}

function layerNorm(module: string, width: number): LayerNormPlan {
  const part = (kind: 'weight' | 'bias'): TensorPlan => {
    const name = `${module}.${kind}`;
    return { name, checkpoint: name, shape: [width] };
  };
  return { gain: part('weight'), bias: part('bias') };
}
