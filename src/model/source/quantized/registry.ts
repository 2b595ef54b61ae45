import type { Checkpoint, CheckpointTensor } from '../checkpoint.js';
import type { ConfigFields } from '../../families/config-fields.js';
import { autoRound, intelAutoRound } from './auto-round.js';
import { awq } from './awq.js';
import { bitsandbytes } from './bitsandbytes.js';
import { compressedTensors } from './compressed-tensors/method.js';
import { fbgemmFp8, fp8 } from './fp8.js';
import { gptq } from './gptq.js';
import { marlin } from './marlin.js';
import { modelopt, modeloptName } from './modelopt.js';
import { mxfp4 } from './mxfp4.js';
import type { QuantMethod, QuantScheme } from './quant-method.js';

/** By `quant_method`. */
const METHODS: Readonly<Record<string, QuantMethod>> = Object.fromEntries(
  [
    autoRound,
    awq,
    bitsandbytes,
    compressedTensors,
    fbgemmFp8,
    fp8,
    gptq,
    intelAutoRound,
    marlin,
    modelopt,
    mxfp4,
  ].map((method) => [method.name, method]),
);

/**
 * A checkpoint of which `fields` say that it is quantised, with the weights that its tensors make under the names that a
 * plain checkpoint has for them; null = it is plain. @throws ModelConfigError on a method that is not known,
 * ModelLoadError on tensors that do not fit each other
 */
export function asPlain(checkpoint: Checkpoint, fields: ConfigFields | null): Checkpoint {
  if (fields === null) return checkpoint;
  const { open, weightSuffix = '' } = methodOf(fields);
  const modules = modulesOf(checkpoint, weightSuffix);
  return { ...checkpoint, tensors: plainTensors(modules, open(fields, [...modules.keys()])) };
}

/** How a checkpoint of which `fields` say that it is quantised is stored, by SGLang's names. @throws ModelConfigError */
export function methodName(fields: ConfigFields): string {
  const method = methodOf(fields);
  return method === modelopt ? modeloptName(fields) : method.name;
}

function methodOf(fields: ConfigFields): QuantMethod {
  return fields.oneOf('quant_method', METHODS, unnamed(fields));
}

/** What wrote a config that names no method: transformers did so of bitsandbytes at first. */
function unnamed(fields: ConfigFields): string {
  const isBitsandbytes = ['load_in_4bit', 'load_in_8bit'].some((name) => fields.raw(name) === true);
  return isBitsandbytes ? bitsandbytes.name : '';
}

function plainTensors(
  modules: ReadonlyMap<string, ReadonlyMap<string, CheckpointTensor>>,
  scheme: QuantScheme,
): ReadonlyMap<string, CheckpointTensor> {
  const tensors = new Map<string, CheckpointTensor>();
  for (const [name, parts] of modules) {
    const made = scheme({ name, parts }) ?? parts;
    for (const [ending, tensor] of made) {
      const full = name === '' ? ending : `${name}.${ending}`;
      tensors.set(full, tensor);
    }
  }
  return tensors;
}

/** The tensors by their module's names, and what is behind the dot that ends these. */
function modulesOf(
  { tensors }: Checkpoint,
  weightSuffix: string,
): Map<string, Map<string, CheckpointTensor>> {
  const modules = new Map<string, Map<string, CheckpointTensor>>();
  for (const [name, tensor] of tensors) {
    const nested = weightSuffix === '' ? -1 : name.lastIndexOf(weightSuffix);
    const dot = nested < 0 ? name.lastIndexOf('.') : nested;
    const module = name.slice(0, Math.max(0, dot));
    const parts = modules.get(module) ?? new Map<string, CheckpointTensor>();
    modules.set(module, parts.set(name.slice(dot + 1), tensor));
  }
  return modules;
}
