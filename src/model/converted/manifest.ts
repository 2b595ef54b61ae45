import type { KeptCount } from '../../core/kept-count.js';
/** `radish.json`, which makes a folder a converted model: what its weights file holds, and of what it was made. */
import { createHash } from 'node:crypto';

import { FLOAT_TYPES, type FloatType, type QuantizedFormat } from '../../core/model-spec.js';
import { DEVICE_KINDS, type DeviceKind } from '../../core/device-kind.js';
import type { KvScales } from '../kv-scales.js';
import { ModelLoadError } from '../load-error.js';
import { RECIPE_VERSION } from '../quantize/recipe.js';
import type { AnyPlan } from '../plan/demands.js';
import type { TensorView } from '../weights/tensor-view.js';
import type { WeightMap } from '../weights/weight-store.js';

export const MANIFEST_FILE = 'radish.json';
/** Under this name and form hubs store it and others download it. */
export const CONVERTED_FILE = 'model.safetensors';

/** Raise it whenever the fields of a manifest, or those of the map in it, mean something else. */
const MANIFEST_VERSION = 1;
/** The oldest recipe whose weights the graph computes with as they were meant. */
const RECIPE_OLDEST = 5;
const FORMATS = ['w8a8_int8', 'int8', 'int4'] as const satisfies readonly QuantizedFormat[];

/** One of the files that the weights were made of. */
export interface ConvertedSource {
  readonly name: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

export interface ManifestFields {
  readonly format: QuantizedFormat;
  readonly architecture: string;
  /** {@link networkDigest} of it. */
  readonly network: string;
  /** What the weights are laid out for. */
  readonly target: { readonly device: DeviceKind; readonly compute: FloatType };
  readonly source: {
    /** A repository, or the name of a folder or file. */
    readonly model: string;
    /** Element type of its embedding table. */
    readonly dtype: FloatType;
    readonly files: readonly ConvertedSource[];
  };
  /** Linears in the source's own blocks; null where none could be. */
  readonly kept: KeptCount | null;
  /** Whether linears in four bits make good their errors; null or absent = none were rounded to them. */
  readonly isCompensated?: boolean | null;
  /** Measured with these weights and the tokenizer beside them; null = a start measures them, if it needs any. */
  readonly kvScales: KvScales | null;
  readonly weights: {
    readonly fileBytes: number;
    /** Of the whole file, as `hashSegments` has it. */
    readonly segmentsHash: string;
  };
  /** Where everything lies in {@link CONVERTED_FILE}. */
  readonly map: WeightMap;
}

export interface Manifest extends ManifestFields {
  readonly version: number;
  /** RECIPE_VERSION of the program that made it. */
  readonly recipe: number;
  /** sha256 of the other fields as JSON, hex. */
  readonly digest: string;
}

interface Network {
  readonly plan: AnyPlan;
  readonly views: readonly TensorView[];
}

/** The same for as long as a program reads the same tensors in the same order into the same network; hex. */
export function networkDigest({ plan, views }: Network): string {
  return createHash('sha256')
    .update(JSON.stringify([plan, views]))
    .digest('hex');
}

/** The text of a manifest. */
export function manifestText(fields: ManifestFields): string {
  const content = { version: MANIFEST_VERSION, recipe: RECIPE_VERSION, ...fields };
  return `${JSON.stringify({ ...content, digest: digestOf(content) })}\n`;
}

/** @throws ModelLoadError for one that is damaged, or that this program does not know */
export function parseManifest(text: string, path: string): Manifest {
  const manifest = parseObject(text, path);
  const { version, recipe } = manifest;
  requireKnown(version, `${path} has the version ${JSON.stringify(version)}`, {
    oldest: MANIFEST_VERSION,
    newest: MANIFEST_VERSION,
  });
  requireKnown(recipe, `${path} is of the recipe ${JSON.stringify(recipe)}`, {
    oldest: RECIPE_OLDEST,
    newest: RECIPE_VERSION,
  });
  const { digest, ...content } = manifest;
  if (digest !== digestOf(content)) {
    throw broken(`${path} is damaged: it is not what radish convert wrote.`);
  }
  if (!hasFields(manifest)) throw broken(`${path} lacks fields that a converted model has.`);
  return manifest;
}

interface KnownVersions {
  readonly oldest: number;
  readonly newest: number;
}

function requireKnown(value: unknown, what: string, { oldest, newest }: KnownVersions): void {
  if (Number.isSafeInteger(value) && Number(value) >= oldest && Number(value) <= newest) return;
  const known = oldest === newest ? String(newest) : `${oldest} to ${newest}`;
  const advice =
    Number(value) < oldest ? 'Convert the model anew.' : 'A newer Radish may have written it.';
  throw broken(`${what}, and this Radish knows ${known}. ${advice}`);
}

function parseObject(text: string, path: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw broken(`${path} is not valid JSON.`, cause);
  }
  if (isRecord(value)) return value;
  throw broken(`${path} is not a JSON object.`);
}

/** What the digest does not say: somebody may have made one up. The map is checked against the network. */
function hasFields(value: Readonly<Record<string, unknown>>): value is Manifest & typeof value {
  const { format, architecture, network, target, source, weights, map, kvScales } = value;
  return (
    isOneOf(FORMATS, format) &&
    typeof architecture === 'string' &&
    typeof network === 'string' &&
    isRecord(target) &&
    isOneOf(DEVICE_KINDS, target['device']) &&
    isOneOf(FLOAT_TYPES, target['compute']) &&
    isRecord(source) &&
    typeof source['model'] === 'string' &&
    isOneOf(FLOAT_TYPES, source['dtype']) &&
    isRecord(weights) &&
    Number.isSafeInteger(weights['fileBytes']) &&
    typeof weights['segmentsHash'] === 'string' &&
    isRecord(map) &&
    isRecord(map['tensors']) &&
    isRecord(map['linears']) &&
    (kvScales === null || isScales(kvScales))
  );
}

function isScales(value: unknown): value is KvScales {
  const isScale = (scale: unknown): boolean => Number.isFinite(scale) && Number(scale) > 0;
  return (
    Array.isArray(value) &&
    value.every(
      (layer: unknown) =>
        isRecord(layer) &&
        Array.isArray(layer['key']) &&
        layer['key'].every(isScale) &&
        isScale(layer['value']),
    )
  );
}

function isOneOf(known: readonly string[], value: unknown): boolean {
  return typeof value === 'string' && known.includes(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function digestOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

function broken(message: string, cause?: unknown): ModelLoadError {
  return new ModelLoadError('bad_checkpoint', message, { cause });
}
