import { createHash } from 'node:crypto';

import type { WeightFormat } from '../../core/model-spec.js';
import type { ServedModel } from '../../engine/served-model.js';
import { tagged } from './model-name.js';

/** Formats of the linear layers as models of Ollama's kind name theirs. */
const QUANTIZATION: Readonly<Record<WeightFormat, string>> = {
  none: 'F32',
  w8a8_int8: 'W8A8_INT8',
  int8: 'INT8',
  int4: 'INT4',
};

const UNITS = [
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'K'],
] as const;
/** The model never leaves memory: a century, which every client's dates can hold. */
const NEVER_S = 100 * 365 * 24 * 3600;

/** The model's entry of `/api/tags`. */
export function tagCard(model: ServedModel) {
  return {
    ...nameAndSize(model),
    modified_at: modifiedAt(model),
    details: modelDetails(model),
  };
}

/** The model's entry of `/api/ps`: loaded, on the CPU. */
export function loadedCard(model: ServedModel) {
  return {
    ...nameAndSize(model),
    details: modelDetails(model),
    expires_at: dateOf(model.createdAt + NEVER_S),
    size_vram: 0,
    context_length: model.spec.contextLength,
  };
}

export function modelDetails({ spec, numParameters }: ServedModel) {
  return {
    parent_model: '',
    format: 'safetensors',
    family: spec.modelType,
    families: [spec.modelType],
    parameter_size: humanNumber(numParameters),
    quantization_level: QUANTIZATION[spec.format],
  };
}

/** When it was loaded. */
export function modifiedAt({ createdAt }: ServedModel): string {
  return dateOf(createdAt);
}

/** Names the weights that serve: path and version, not what is in the files. */
export function digestOf({ weights, spec }: ServedModel): string {
  const { modelPath, version } = weights;
  const identity = JSON.stringify([modelPath, version, spec.format]);
  return createHash('sha256').update(identity).digest('hex');
}

function nameAndSize(model: ServedModel) {
  const name = tagged(model.servedName);
  return { name, model: name, size: model.spec.weightBytes, digest: digestOf(model) };
}

function dateOf(unixSeconds: number): string {
  return new Date(1000 * unixSeconds).toISOString();
}

/** Three digits and a unit: `1.54B`, `630K`. */
function humanNumber(value: number): string {
  const [unit, letter] = UNITS.find(([least]) => value >= least) ?? [1, ''];
  return `${Number((value / unit).toPrecision(3))}${letter}`;
}
