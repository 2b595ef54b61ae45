/** The scaling of a rotation, as config.json has it. */
import type { JsonObject } from '../../model-source.js';
import type { GgufModel } from './architecture.js';

/** Of so many dimensions of a head that turn; null = it is not scaled. */
export async function ropeScaling(model: GgufModel, dims: number): Promise<JsonObject | null> {
  const { fields } = model;
  const long = await longFactors(model, dims);
  if (long !== null) return long;
  const scaled = scalingOf(model);
  const factors = await factorsOf(model, 'rope_freqs.weight', dims);
  if (factors === null) return scaled;
  if (scaled !== null) {
    fields.fail('a rotation with both "rope_freqs.weight" and a scaling is not supported');
  }
  return { rope_type: 'factors', factors };
}

/** Of LongRoPE: up to the original length, and beyond it. */
async function longFactors(model: GgufModel, dims: number): Promise<JsonObject | null> {
  const { name, fields } = model;
  const short = await factorsOf(model, 'rope_factors_short.weight', dims);
  const long = await factorsOf(model, 'rope_factors_long.weight', dims);
  if (short === null && long === null) return null;
  const rope = `${name}.rope.scaling`;
  const original = fields.numberOrNull(`${rope}.original_context_length`);
  const magnitude = fields.numberOrNull(`${rope}.attn_factor`);
  return {
    rope_type: 'longrope',
    short_factor: short,
    long_factor: long,
    original_max_position_embeddings: original ?? fields.number(`${name}.context_length`),
    ...(magnitude === null ? {} : { attention_factor: magnitude }),
  };
}

async function factorsOf(
  { fields, values }: GgufModel,
  tensor: string,
  dims: number,
): Promise<readonly number[] | null> {
  const factors = await values(tensor);
  if (factors !== null && factors.length !== dims / 2) {
    fields.fail(`"${tensor}" has ${factors.length} factors for heads of ${dims}`);
  }
  return factors;
}

function scalingOf({ name, fields }: GgufModel): JsonObject | null {
  const rope = `${name}.rope`;
  const type = fields.textOrNull(`${rope}.scaling.type`) ?? 'none';
  const linear = fields.numberOrNull(`${rope}.scale_linear`);
  const factor = fields.numberOrNull(`${rope}.scaling.factor`) ?? linear ?? 1;
  switch (type) {
    case 'none':
      return linear === null || linear === 1 ? null : { rope_type: 'linear', factor: linear };
    case 'linear':
      return { rope_type: type, factor };
    case 'yarn':
      return { rope_type: type, factor, ...yarnSettings({ name, fields }) };
    // Those of some positions alone, which the factors of each frequency say.
    case 'longrope':
      return null;
    default:
      return fields.fail(`the rotation's scaling '${type}' is not supported`);
  }
}

/** What the file says of them; what it does not say has the defaults of config.json. */
function yarnSettings({ name, fields }: Pick<GgufModel, 'name' | 'fields'>): JsonObject {
  const keys = {
    original_max_position_embeddings: 'original_context_length',
    attention_factor: 'yarn_attn_factor',
    beta_fast: 'yarn_beta_fast',
    beta_slow: 'yarn_beta_slow',
  };
  const settings = Object.entries(keys).flatMap(([field, key]) => {
    const value = fields.numberOrNull(`${name}.rope.scaling.${key}`);
    return value === null ? [] : [[field, value] as const];
  });
  return Object.fromEntries(settings);
}
