import type { PoolStage } from './pooled-plan.js';
import type { DecoderModel, ModelFamily } from '../families/family.js';
import { DECODERS } from '../families/registry.js';
import type { ClassifierSizes, PooledFamily } from './family.js';

/** Endings of classes that generate. */
const CAUSAL = /(ForCausalLM|LMHeadModel)$/;

/** Each causal family as an embedder, from both of its classes, and as a reward model or classifier. */
export const POOLED_DECODERS: readonly PooledFamily[] = DECODERS.flatMap((family) => {
  const name = family.architecture.replace(CAUSAL, '');
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
    pooling: 'last',
    trunk: (fields) => {
      const model = family.read(fields);
      return {
        ...model,
        config: { ...model.config, architecture },
        prefix: { text: prefixOf(model), inPlan: true },
        encoder: null,
      };
    },
    classifier: null,
    ...more,
  };
}

/** `model.` of `model.embed_tokens.weight`: a class without a head is saved without it. */
function prefixOf({ plan }: DecoderModel): string {
  const [first = '', ...others] = plan.embedding.checkpoint.split('.');
  return others.length > 1 ? `${first}.` : '';
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
