import type { ServedModel } from '../../engine/served-model.js';
import { abilityNames, type Abilities } from './abilities.js';
import { modelDetails, modifiedAt } from './model-card.js';
import { tagged } from './model-name.js';

/** `/api/show`: what the model is. */
export function showModel(model: ServedModel, abilities: Abilities) {
  const parameters = parameterLines(model);
  const template = model.chatTemplate?.source ?? '';
  return {
    modelfile: [
      `FROM ${tagged(model.servedName)}`,
      ...parameters.map((line) => `PARAMETER ${line}`),
    ]
      .join('\n')
      .concat('\n'),
    parameters: parameters.join('\n'),
    template,
    details: modelDetails(model),
    model_info: modelInfo(model),
    capabilities: abilityNames(abilities),
    modified_at: modifiedAt(model),
  };
}

/** The context, and how the model's own files sample: a name and a value each. */
function parameterLines({ spec, samplingDefaults }: ServedModel): readonly string[] {
  const { temperature, topP, topK, minP, repetitionPenalty } = samplingDefaults;
  const values = {
    num_ctx: spec.contextLength,
    temperature,
    top_k: topK,
    top_p: topP,
    min_p: minP,
    repeat_penalty: repetitionPenalty,
  };
  return Object.entries(values).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${value}`],
  );
}

/** Under the names that GGUF files have for them. */
function modelInfo({ spec, servedName, numParameters }: ServedModel) {
  const { modelType } = spec;
  const ofArchitecture = {
    context_length: spec.contextLength,
    embedding_length: spec.embedding?.dim ?? spec.hiddenSize,
    block_count: spec.numLayers,
    vocab_size: spec.vocabSize,
    'attention.head_count': spec.numHeads,
    'attention.head_count_kv': spec.numKvHeads,
    'attention.key_length': spec.headDim,
    ...(spec.slidingWindow === null ? {} : { 'attention.sliding_window': spec.slidingWindow }),
    ...(spec.moe === null
      ? {}
      : { expert_count: spec.moe.numExperts, expert_used_count: spec.moe.topK }),
  };
  return {
    'general.architecture': modelType,
    'general.basename': servedName,
    'general.parameter_count': numParameters,
    ...Object.fromEntries(
      Object.entries(ofArchitecture).map(([name, value]) => [`${modelType}.${name}`, value]),
    ),
  };
}
