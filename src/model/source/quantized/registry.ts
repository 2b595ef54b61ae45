import type { Checkpoint, CheckpointTensor } from '../checkpoint.js';
import { compressedTensors } from './compressed-tensors/method.js';
import { fbgemmFp8, fp8 } from './fp8.js';
import { modelopt } from './modelopt.js';
import { mxfp4 } from './mxfp4.js';
import type { ConfigFields } from '../../families/config-fields.js';
import type { QuantMethod, QuantScheme } from './quant-method.js';

/** By `quant_method`. */
const METHODS: Readonly<Record<string, QuantMethod>> = Object.fromEntries(
  [compressedTensors, fbgemmFp8, fp8, modelopt, mxfp4].map((method) => [method.name, method]),
);

/**
 * A checkpoint of which `fields` say that it is quantised, with the weights that its tensors make under the names that a
 * plain checkpoint has for them; null = it is plain. @throws ModelConfigError on a method that is not known,
 * ModelLoadError on tensors that do not fit each other
 */
export function asPlain(checkpoint: Checkpoint, fields: ConfigFields | null): Checkpoint {
  if (fields === null) return checkpoint;
  const modules = modulesOf(checkpoint);
  const scheme = fields.oneOf('quant_method', METHODS, '').open(fields, [...modules.keys()]);
  return { ...checkpoint, tensors: plainTensors(modules, scheme) };
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

/** The tensors by what is before the last dot of their names, and what is behind it. */
function modulesOf({ tensors }: Checkpoint): Map<string, Map<string, CheckpointTensor>> {
  const modules = new Map<string, Map<string, CheckpointTensor>>();
  for (const [name, tensor] of tensors) {
    const dot = name.lastIndexOf('.');
    const module = name.slice(0, Math.max(0, dot));
    const parts = modules.get(module) ?? new Map<string, CheckpointTensor>();
    modules.set(module, parts.set(name.slice(dot + 1), tensor));
  }
  return modules;
}
