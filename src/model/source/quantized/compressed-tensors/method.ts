import { ConfigFields, excerpt, ModelConfigError } from '../../../families/config-fields.js';
import type { QuantMethod, QuantScheme } from '../quant-method.js';
import { readScheme, type WeightScheme } from './scheme.js';
import { decidingTarget, matchTargets } from './targets.js';
import { compressedWeight } from './weight.js';

/** `format`s; how a module is stored says the rest. */
const FORMATS = names(
  'dense',
  'int-quantized',
  'float-quantized',
  'naive-quantized',
  'pack-quantized',
  'mixed-precision',
  'nvfp4-pack-quantized',
  'mxfp4-pack-quantized',
  'mxfp6-pack-quantized',
  'mxfp8-quantized',
);

const SPARSE_FORMATS = names('dense', 'sparse-bitmask', 'sparse-24-bitmask');

/** `quantization_status`: whether weights were rounded when they were saved. */
const STATUSES = {
  initialized: false,
  calibration: false,
  frozen: false,
  compressed: true,
  decompressed: true,
};

/** Places of a transform that weights have been multiplied by already. */
const OFFLINE = new Set(['weight_input', 'weight_output']);

/**
 * The compressed-tensors package, which llm-compressor writes with: groups of modules, each with a way of quantising.
 * Inputs, outputs and the KV cache stay as they are here, whatever the config says of them.
 */
export const compressedTensors: QuantMethod = {
  name: 'compressed-tensors',
  open: (config, modules) => {
    config.oneOf('format', FORMATS, 'dense');
    config.object('sparsity_config')?.oneOf('format', SPARSE_FORMATS, 'dense');
    requireNoTransforms(config);
    return schemeOf(config, modules);
  },
};

function schemeOf(config: ConfigFields, modules: readonly string[]): QuantScheme {
  const schemes = readGroups(config);
  const targets = [...schemes.keys()];
  const ignored = config.texts('ignore');
  const matches = matchTargets([...targets, ...ignored], modules);
  return (module) => {
    const isIgnored = ignored.some((target) => matches(target, module.name));
    const target = isIgnored ? null : decidingTarget(targets, module.name, matches);
    return compressedWeight(module, target === null ? null : (schemes.get(target) ?? null));
  };
}

/** By target. Of a target that is named twice, the last; null = its weights are not quantised. */
function readGroups(config: ConfigFields): ReadonlyMap<string, WeightScheme | null> {
  const schemes = new Map<string, WeightScheme | null>();
  const ofAll = {
    isRounded: config.oneOf('quantization_status', STATUSES, 'compressed'),
    crosses: isDense(config.text('version', '')),
  };
  for (const group of objectsOf(config, 'config_groups')) {
    group.oneOf('format', FORMATS, 'dense');
    const weights = group.object('weights');
    const scheme = weights === null ? null : readScheme(weights, ofAll);
    for (const target of group.texts('targets')) schemes.set(target, scheme);
  }
  return schemes;
}

/** Whether the package packs integers over the ends of words, as it does from 0.18 on. */
function isDense(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 0 || minor >= 18;
}

/** @throws ModelConfigError on a transform of what flows through the model */
function requireNoTransforms(config: ConfigFields): void {
  const transforms = config.object('transform_config');
  if (transforms === null) return;
  for (const group of objectsOf(transforms, 'config_groups')) {
    const apply = group.raw('apply') ?? [];
    if (!Array.isArray(apply)) group.fail('apply', 'a list of objects');
    for (const one of apply as unknown[]) {
      const location = new ConfigFields(one, 'config.json: "transform_config"').text('location');
      if (OFFLINE.has(location)) continue;
      throw new ModelConfigError(
        `config.json: "transform_config" has a transform of "location" '${excerpt(location)}', ` +
          'which is made while the model runs: that is not supported',
      );
    }
  }
}

/** The values of an object of objects; none where it is absent. */
function objectsOf(config: ConfigFields, name: string): ConfigFields[] {
  const groups = config.object(name);
  if (groups === null) return [];
  return Object.keys(config.raw(name) as object).flatMap((key) => groups.object(key) ?? []);
}

function names(...all: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(all.map((name) => [name, name]));
}
