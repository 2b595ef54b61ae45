import { loraElements, type LoraLinear, type LoraWeights, paddedRank } from '../../core/lora.js';
import { ModelLoadError } from '../load-error.js';
import { rotation, type Rotate } from '../quantize/rotate.js';
import type { CheckpointTensor } from '../source/checkpoint.js';
import { InputFiles } from '../weights/input-files.js';
import { readFloats } from '../weights/stored-rows.js';
import { lineOf } from '../weights/view.js';
import { scaleOf } from './adapter-config.js';
import { type AdapterFiles, type AdapterPair, openAdapter } from './adapter-files.js';
import type { LoraModule, ModulePart } from './lora-modules.js';
import type { LoraRecipe, SiteRecipe } from './lora-recipe.js';
import { requireSame, stored } from './model-copies.js';

/** Where the text model of a checkpoint of several lies; it has these names alone. */
const TEXT_PLACES: readonly (readonly [from: string, to: string])[] = [
  ['language_model.model.', 'model.'],
  ['model.language_model.', 'model.'],
];

export interface ReadOptions {
  readonly folder: string;
  readonly recipe: LoraRecipe;
  readonly maxRank: number;
  readonly maxBytes: number;
}

/** A pair of the file, and what of the model it is. */
interface Placed {
  readonly pair: AdapterPair;
  readonly module: LoraModule;
  readonly rank: number;
  readonly scale: number;
}

/**
 * Reads an adapter as runs of the model take it: in f32, turned as the weights beside it are, with its scale in B, and
 * with A and B transposed. @throws ModelLoadError in one sentence
 */
export async function readAdapter({
  folder,
  recipe,
  maxRank,
  maxBytes,
}: ReadOptions): Promise<LoraWeights> {
  const opened = await openAdapter(folder);
  const placed = opened.pairs.map((pair) => place(pair, opened, recipe));
  const largest = Math.max(...placed.map(({ rank }) => rank));
  if (largest > maxRank) {
    throw broken(`${folder} has rank ${largest}, and --max-lora-rank is ${maxRank}.`);
  }
  const { linears, elements } = layOut(placed, recipe.sites);
  const bytes = elements * Float32Array.BYTES_PER_ELEMENT;
  if (bytes > maxBytes) {
    const [needed, room] = [bytes, maxBytes].map((count) => Math.ceil(count / 2 ** 20));
    throw broken(`${folder} takes ${needed} MiB, and there are ${room} MiB for adapters.`);
  }
  const data = new Float32Array(elements);
  const files = new InputFiles();
  try {
    for (const copy of opened.copies) {
      requireSame(copy, findByPath(copy.of, recipe.copied, recipe.trunk), files);
    }
    for (const linear of linears) fill(data, linear, { placed, recipe, files });
  } finally {
    files.close();
  }
  return { data, linears };
}

function place(pair: AdapterPair, { config }: AdapterFiles, recipe: LoraRecipe): Placed {
  const { a, b } = pair;
  const module = findByPath(pair.module, recipe.modules, recipe.trunk);
  if (module === null || pair.isTable !== (module.isTable ?? false)) {
    throw broken(`${a.path} changes '${pair.module}', ${whyNot(pair.module)}.`);
  }
  const [rank = 0] = a.shape;
  requireShape(a, [rank, module.in], module);
  requireShape(b, [module.out, rank], module);
  if (rank === 0) throw broken(`Tensor '${a.name}' in ${a.path} has rank 0.`);
  if (!config.hasRanks && rank !== config.rank) {
    throw broken(
      `Tensor '${a.name}' in ${a.path} has rank ${rank}, but adapter_config.json says ${config.rank}.`,
    );
  }
  const sites = new Set(recipe.sites.map(({ name }) => name));
  if (!module.parts.every(({ linear }) => sites.has(linear))) {
    throw broken(
      `${a.path} changes '${pair.module}', which is not among the modules of --lora-target-modules.`,
    );
  }
  return { pair, module, rank, scale: scaleOf(config, pair.module, rank) };
}

function findByPath<T>(name: string, all: ReadonlyMap<string, T>, trunk: string): T | null {
  const [from, to] = TEXT_PLACES.find(([place]) => name.startsWith(place)) ?? ['', ''];
  const alone = to + name.slice(from.length);
  return all.get(alone) ?? all.get(trunk + alone) ?? null;
}

function whyNot(module: string): string {
  if (/(^|\.)experts(\.|$)/.test(module)) return 'an expert: adapters of experts are not supported';
  return 'which is no linear layer of this model that takes adapters';
}

function requireShape(
  { name, path, shape, dtype, storedDtype }: CheckpointTensor,
  wanted: readonly number[],
  module: LoraModule,
): void {
  if (dtype !== 'f32' && dtype !== 'f16' && dtype !== 'bf16') {
    throw broken(
      `Tensor '${name}' in ${path} has dtype ${storedDtype}; A and B must be F32, F16 or BF16.`,
    );
  }
  if (shape.length === 2 && shape.every((size, i) => size === wanted[i])) return;
  throw broken(
    `Tensor '${name}' in ${path} has shape [${shape.join(', ')}], but '${module.path}' of this model ` +
      `has ${module.in} inputs and ${module.out} outputs: it must be [${wanted.join(', ')}].`,
  );
}

function layOut(
  placed: readonly Placed[],
  sites: readonly SiteRecipe[],
): { readonly linears: readonly LoraLinear[]; readonly elements: number } {
  const linears: LoraLinear[] = [];
  let elements = 0;
  for (const { name, in: width, out, numParts } of sites) {
    const own = placed.filter(({ module }) => module.parts.some(({ linear }) => linear === name));
    if (own.length === 0) continue;
    requireOnePerPart(own, name);
    const rank = paddedRank(Math.max(...own.map((one) => one.rank)));
    const site = { name, in: width, out, numParts };
    const b = elements + width * numParts * rank;
    linears.push({ ...site, rank, a: elements, b });
    elements += loraElements(site, rank);
  }
  return { linears, elements };
}

function requireOnePerPart(placed: readonly Placed[], linear: string): void {
  const seen = new Map<number, AdapterPair>();
  for (const { pair, module } of placed) {
    for (const { part } of module.parts.filter((one) => one.linear === linear)) {
      const other = seen.get(part);
      if (other !== undefined) {
        throw broken(
          `${pair.a.path} changes the same rows twice: by '${other.module}' and by '${pair.module}'.`,
        );
      }
      seen.set(part, pair);
    }
  }
}

interface FillContext {
  readonly placed: readonly Placed[];
  readonly recipe: LoraRecipe;
  readonly files: InputFiles;
}

function fill(
  data: Float32Array,
  linear: LoraLinear,
  { placed, recipe, files }: FillContext,
): void {
  const site = recipe.sites.find(({ name }) => name === linear.name);
  if (site === undefined) throw new Error(`This is a bug: no place for ${linear.name}.`);
  const mixInput = inputMixer(site, files);
  for (const { pair, module, rank, scale } of placed) {
    const parts = module.parts.filter((part) => part.linear === linear.name);
    if (parts.length === 0) continue;
    const a = readFloats(files, stored(pair.a), 0, rank).slice();
    const b = readFloats(files, stored(pair.b), 0, module.out).map((value) => value * scale);
    mixInput?.(a);
    requireFinite(a, pair.a);
    requireFinite(b, pair.b);
    for (const part of parts) {
      putA(data, linear, { part, a, rank });
      putB(data, linear, { part, b, rank, widths: site.partWidths });
    }
  }
  mixOutputs(data, linear, site);
}

function inputMixer({ inputStep }: SiteRecipe, files: InputFiles): Rotate | null {
  if (inputStep === null) return null;
  const { gain, rotation: spec } = inputStep;
  return rotation(spec, gain === null ? undefined : readFloats(files, gain, 0, gain.shape[0] ?? 1));
}

interface PartOfA {
  readonly part: ModulePart;
  readonly rank: number;
  /** `[rank, in]` */
  readonly a: Float32Array;
}

function putA(data: Float32Array, linear: LoraLinear, { part, rank, a }: PartOfA): void {
  const { in: width, numParts, rank: columns } = linear;
  const stride = numParts * columns;
  for (let row = 0; row < rank; row++) {
    const first = linear.a + part.part * columns + row;
    for (let i = 0; i < width; i++) data[first + i * stride] = a[row * width + i] as number;
  }
}

interface PartOfB {
  readonly part: ModulePart;
  readonly rank: number;
  /** `[rows of the module, rank]` */
  readonly b: Float32Array;
  /** Rows of the linear's parts. */
  readonly widths: readonly number[];
}

function putB(data: Float32Array, linear: LoraLinear, { part, rank, b, widths }: PartOfB): void {
  const { out, rank: columns } = linear;
  const firstRow = widths.slice(0, part.part).reduce((sum, width) => sum + width, 0);
  const first = linear.b + part.part * columns * out + firstRow;
  for (let row = 0; row < (widths[part.part] ?? 0); row++) {
    const from = (part.lines === null ? row : lineOf(part.lines, row)) * rank;
    for (let i = 0; i < rank; i++) data[first + i * out + row] = b[from + i] as number;
  }
}

function mixOutputs(data: Float32Array, linear: LoraLinear, { outputStep }: SiteRecipe): void {
  if (outputStep === null) return;
  const { begin, end, rotation: spec } = outputStep;
  const mix = rotation(spec);
  for (let row = 0; row < linear.numParts * linear.rank; row++) {
    const at = linear.b + row * linear.out;
    mix(data.subarray(at + begin, at + end));
  }
}

/** 0 times what is not finite would be seen by every request of a run. */
function requireFinite(values: Float32Array, { name, path }: CheckpointTensor): void {
  if (values.every(Number.isFinite)) return;
  throw broken(`Tensor '${name}' in ${path} has values that are not finite.`);
}

function broken(message: string): ModelLoadError {
  return new ModelLoadError('bad_checkpoint', message);
}
