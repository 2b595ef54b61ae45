import { ModelConfigError, type ConfigFields } from '../families/config-fields.js';
import type { PoolStage } from './pooled-plan.js';
import { readEncoderConfig } from './encoder-config.js';
import { encoderPlan, single } from './encoder-plan.js';
import type { ClassifierSizes, PooledFamily } from './family.js';

interface EncoderLine {
  /** Class name without `Model` or `ForSequenceClassification`. */
  readonly name: string;
  readonly modelType: string;
  readonly prefix: string;
  readonly countsPositionsFromPadding: boolean;
  readonly classifier: NonNullable<PooledFamily['classifier']>;
}

const ROBERTA = {
  prefix: 'roberta.',
  countsPositionsFromPadding: true,
  classifier: robertaClassifier,
};
const LINES: readonly EncoderLine[] = [
  {
    name: 'Bert',
    modelType: 'bert',
    prefix: 'bert.',
    countsPositionsFromPadding: false,
    classifier: bertClassifier,
  },
  { name: 'Roberta', modelType: 'roberta', ...ROBERTA },
  { name: 'XLMRoberta', modelType: 'xlm-roberta', ...ROBERTA },
];

/** Each line of encoders, as an embedder and as a cross-encoder or classifier. */
export const ENCODERS: readonly PooledFamily[] = LINES.flatMap((line) => [
  encoder(line, `${line.name}Model`, null),
  encoder(line, `${line.name}ForSequenceClassification`, line.classifier),
]);

function encoder(
  { modelType, prefix, countsPositionsFromPadding }: EncoderLine,
  architecture: string,
  classifier: PooledFamily['classifier'],
): PooledFamily {
  return {
    architecture,
    prefix: { text: prefix, inPlan: false },
    pooling: 'cls',
    trunk: (fields) => {
      const config = readEncoderConfig(fields, {
        architecture,
        modelType,
        countsPositionsFromPadding,
      });
      return { kind: 'encoder', config, plan: encoderPlan(config) };
    },
    classifier,
  };
}

function bertClassifier(fields: ConfigFields, sizes: ClassifierSizes): PoolStage[] {
  return classifierStages(fields, sizes, ['pooler.dense', 'classifier']);
}

function robertaClassifier(fields: ConfigFields, sizes: ClassifierSizes): PoolStage[] {
  return classifierStages(fields, sizes, ['classifier.dense', 'classifier.out_proj']);
}

/** A head for sequences: two linears with tanh between them, on the first token. */
function classifierStages(
  fields: ConfigFields,
  { hiddenSize, numLabels }: ClassifierSizes,
  [dense, output]: readonly [string, string],
): PoolStage[] {
  const stages: PoolStage[] = [
    { kind: 'linear', linear: single(dense, hiddenSize, hiddenSize) },
    { kind: 'activation', activation: 'tanh' },
    { kind: 'linear', linear: single(output, hiddenSize, numLabels) },
  ];
  return scoresAreSquashed(fields)
    ? [...stages, { kind: 'activation', activation: 'sigmoid' }]
    : stages;
}

/** Whether a sigmoid follows: a cross-encoder answers with its logits unless config.json names another function. */
function scoresAreSquashed(fields: ConfigFields): boolean {
  const name = fields.text('sbert_ce_default_activation_function', 'torch.nn.Identity');
  if (name.endsWith('.Identity')) return false;
  if (name.endsWith('.Sigmoid')) return true;
  throw new ModelConfigError(
    `config.json: "sbert_ce_default_activation_function" '${name}' is not supported. ` +
      'Supported: torch.nn.modules.linear.Identity, torch.nn.modules.activation.Sigmoid',
  );
}
