import type { ConfigFields } from '../../families/config-fields.js';
import type { StoredPart } from '../../weights/grouped/part.js';
import type { StoredModule } from './quant-method.js';
import { FLOAT_SCALES } from './scaled-weight.js';
import { broken, requirePart } from './stored-part.js';

/** Endings of tensors that only modules have whose codes lie in words. */
const OWN = ['qweight', 'qzeros', 'scales', 'g_idx'];

/** Codes, zeros and scales, as GPTQ's and AWQ's tools name them. */
export interface WordParts {
  readonly codes: StoredPart;
  readonly zeros: StoredPart;
  readonly scales: StoredPart;
}

/** The parts of a module that was quantised; null = it was not. @throws ModelLoadError where one of them is missing */
export function wordParts(module: StoredModule): WordParts | null {
  if (!OWN.some((ending) => module.parts.has(ending))) return null;
  const parts = {
    codes: requirePart(module, 'qweight', ['I32']),
    zeros: requirePart(module, 'qzeros', ['I32']),
    scales: requirePart(module, 'scales', FLOAT_SCALES),
  };
  for (const part of Object.values(parts)) requireMatrix(part);
  return parts;
}

function requireMatrix({ name, path, shape }: StoredPart): void {
  if (shape.length === 2 && !shape.includes(0)) return;
  throw broken(`Tensor '${name}' in ${path} has shape [${shape.join(', ')}]: it must be a matrix.`);
}

/** Inputs of a group, as the config says it under the first of `names` that it has; -1 = all of a row. */
export function groupSizeOf(config: ConfigFields, names: readonly string[]): number {
  const name = names.find((candidate) => config.has(candidate)) ?? names[0] ?? '';
  const value = config.raw(name) ?? -1;
  if (value === -1) return Infinity;
  return config.size(name);
}

/**
 * Inputs of each of the groups that `scales` has, of `inputs`: what the config says, where there are as many then; else
 * what makes them even. @throws ModelLoadError where nothing does
 */
export function evenGroupSize(
  { name, path, shape }: StoredPart,
  inputs: number,
  configured: number,
): number {
  const groups = shape[0] ?? 1;
  const size = Math.min(configured, inputs);
  if (Math.ceil(inputs / size) === groups) return size;
  if (inputs % groups === 0) return inputs / groups;
  throw broken(
    `Tensor '${name}' in ${path} has scales of ${groups} groups, but ${inputs} inputs in groups ` +
      `of ${size} are ${Math.ceil(inputs / size)}.`,
  );
}
