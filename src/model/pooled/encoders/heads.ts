import type { Activation } from '../../activation.js';
import { ModelConfigError, type ConfigFields } from '../../families/config-fields.js';
import { Names } from '../../families/parts/names.js';
import type { LinearPlan } from '../../plan.js';
import type { ClassifierSizes, PooledFamily } from '../family.js';
import type { PoolStage } from '../pooled-plan.js';

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

/** A sigmoid behind it: a cross-encoder answers with its logits unless config.json names another function. */
export function squashing(fields: ConfigFields): readonly PoolStage[] {
  const name = fields.text('sbert_ce_default_activation_function', 'torch.nn.Identity');
  if (name.endsWith('.Identity')) return [];
  if (name.endsWith('.Sigmoid')) return [{ kind: 'activation', activation: 'sigmoid' }];
  throw new ModelConfigError(
    `config.json: "sbert_ce_default_activation_function" '${name}' is not supported. ` +
      'Supported: torch.nn.modules.linear.Identity, torch.nn.modules.activation.Sigmoid',
  );
}
