import type { PoolStage } from './pooled-plan.js';
import type { ModelFamily } from '../families/family.js';
import { gemma2 } from '../families/gemma2.js';
import { llama } from '../families/llama.js';
import { mistral } from '../families/mistral.js';
import type { ClassifierSizes, PooledFamily } from './family.js';
import { qwen2 } from '../families/qwen2.js';
import { qwen3 } from '../families/qwen3.js';

const CAUSAL = 'ForCausalLM';

/** Each causal family as an embedder, from both of its classes, and as a reward model or classifier. */
export const POOLED_DECODERS: readonly PooledFamily[] = [
  gemma2,
  llama,
  mistral,
  qwen2,
  qwen3,
].flatMap((family) => {
  const name = family.architecture.slice(0, -CAUSAL.length);
  return [
    pooledDecoder(family, `${name}Model`),
    pooledDecoder(family, family.architecture),
    pooledDecoder(family, `${name}ForSequenceClassification`, { classifier: scoreHead }),
  ];
});

function pooledDecoder(
  family: ModelFamily,
  architecture: string,
  more: Partial<Pick<PooledFamily, 'classifier'>> = {},
): PooledFamily {
  return {
    architecture,
    prefix: { text: 'model.', inPlan: true },
    pooling: 'last',
    trunk: (fields) => {
      const model = family.read(fields);
      return { ...model, kind: 'decoder', config: { ...model.config, architecture } };
    },
    classifier: null,
    ...more,
  };
}

/** A linear without bias on the last token. */
function scoreHead(_: unknown, { hiddenSize, numLabels }: ClassifierSizes): PoolStage[] {
  const part = { weight: 'score.weight', bias: null, out: numLabels };
  const linear = {
    name: 'score',
    in: hiddenSize,
    out: numLabels,
    parts: [part],
  };
  return [{ kind: 'linear', linear }];
}
