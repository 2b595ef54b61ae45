import type { Activation } from '../../activation.js';
import { ModelConfigError, type ConfigFields } from '../../families/config-fields.js';
import { Names } from '../../families/parts/names.js';
import { norm, type NormStyle } from '../../families/parts/norm.js';
import type { LinearPlan } from '../../plan/tensors.js';
import type { ClassifierSizes, PooledFamily } from '../family.js';
import type { PooledTrunk, PoolStage } from '../pooled-plan.js';

export interface DenseHead {
  /** What the checkpoint calls the linears before and behind the activation. */
  readonly dense: string;
  readonly output: string;
  readonly activation?: Activation | ((fields: ConfigFields) => Activation);
}

/** A head for sequences: two linears with an activation between them, on the pooled row. */
export function denseHead({
  dense,
  output,
  activation = 'tanh',
}: DenseHead): NonNullable<PooledFamily['classifier']> {
  return (fields, { hiddenSize, numLabels }) => [
    linearStage(dense, { hiddenSize, numLabels: hiddenSize }),
    {
      kind: 'activation',
      activation: typeof activation === 'string' ? activation : activation(fields),
    },
    linearStage(output, { hiddenSize, numLabels }),
    ...squashing(fields),
  ];
}

/** A linear on each token. */
export function tokenHead(_: ConfigFields, sizes: ClassifierSizes): PoolStage[] {
  return [linearStage('classifier', sizes)];
}

export interface WordsHead {
  /** What the checkpoint calls its linear, the norm of that, and the last linear, whose weight is the table of words. */
  readonly dense: string;
  readonly norm: string;
  readonly decoder: string;
  /** A parameter of its own; null = the last linear has none. */
  readonly bias: string | null;
  readonly denseBias?: boolean;
  readonly activation: Activation;
  readonly style: NormStyle;
}

/** What fills in words: a linear, an activation and a norm before a score for each of the vocabulary. */
export function wordsHead(
  fields: ConfigFields,
  { config, plan }: PooledTrunk,
  head: WordsHead,
): readonly PoolStage[] {
  const { hiddenSize, vocabSize } = config;
  const names = new Names('', '');
  const isTied = fields.boolean('tie_word_embeddings', true);
  const weight = isTied ? plan.embedding.checkpoint : `${head.decoder}.weight`;
  const part = { weight, bias: head.bias, out: vocabSize };
  return [
    linearStage(head.dense, { hiddenSize, numLabels: hiddenSize }, head.denseBias ?? true),
    { kind: 'activation', activation: head.activation },
    {
      kind: 'norm',
      norm: norm(names, head.style, { name: head.norm, module: head.norm, width: hiddenSize }),
    },
    {
      kind: 'linear',
      linear: { name: head.decoder, in: hiddenSize, out: vocabSize, parts: [part] },
    },
  ];
}

export function linearStage(
  module: string,
  { hiddenSize, numLabels }: ClassifierSizes,
  bias = true,
): PoolStage {
  return { kind: 'linear', linear: single(module, { in: hiddenSize, out: numLabels, bias }) };
}

/** One module, logical name and name in the checkpoint being the same. */
function single(
  module: string,
  { in: width, out, bias }: { readonly in: number; readonly out: number; readonly bias: boolean },
): LinearPlan {
  return new Names('', '').linear(module, { in: width, parts: [[module, out]], bias });
}

/**
 * A sigmoid behind it: a cross-encoder answers with its logits unless config.json names another function, which
 * sentence-transformers keeps among its own settings from version 4 on.
 */
export function squashing(fields: ConfigFields): readonly PoolStage[] {
  const own = fields.object('sentence_transformers');
  const [holder, field] =
    own?.has('activation_fn') === true
      ? ([own, 'activation_fn'] as const)
      : ([fields, 'sbert_ce_default_activation_function'] as const);
  const name = holder.text(field, 'torch.nn.Identity');
  if (name.endsWith('.Identity')) return [];
  if (name.endsWith('.Sigmoid')) return [{ kind: 'activation', activation: 'sigmoid' }];
  throw new ModelConfigError(
    `config.json: "${field}" '${name}' is not supported. ` +
      'Supported: torch.nn.modules.linear.Identity, torch.nn.modules.activation.Sigmoid',
  );
}
