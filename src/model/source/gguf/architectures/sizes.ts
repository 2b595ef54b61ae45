/** What the metadata of all decoders says of their sizes, under the names of config.json. */
import type { JsonObject } from '../../model-source.js';
import type { GgufModel } from './architecture.js';
import { ropeScaling } from './rope.js';

/** The dimensions of a head. */
export function headDim({ name, fields }: GgufModel): number {
  const heads = numHeads({ name, fields });
  const byWidth = fields.number(`${name}.embedding_length`) / heads;
  return fields.numberOrNull(`${name}.attention.key_length`) ?? byWidth;
}

export function numHeads({ name, fields }: Pick<GgufModel, 'name' | 'fields'>): number {
  return fields.sameInAllLayers(`${name}.attention.head_count`) ?? 0;
}

/** Layers without attention have none, which is no number of heads. */
export function numKvHeads(model: GgufModel): number {
  const { name, fields } = model;
  const key = `${name}.attention.head_count_kv`;
  return fields.sameWhereAny(key) ?? numHeads(model);
}

/** Of the layers that have heads of keys; all of them where the file says one number. */
export function attendingLayers({ name, fields }: GgufModel): readonly boolean[] {
  return fields
    .byLayer(`${name}.attention.head_count_kv`, fields.count(`${name}.block_count`))
    .map((count) => count > 0);
}

/** Of the norms, whatever kind they are. */
export function epsilon({ name, fields }: GgufModel): number {
  const layer = fields.numberOrNull(`${name}.attention.layer_norm_epsilon`);
  const key = `${name}.attention.layer_norm_rms_epsilon`;
  return fields.numberOrNull(key) ?? layer ?? fields.number(key);
}

/** Rows of the matrix of this part in the first layer that has one, or of one of its experts; undefined = none has. */
export function rowsOfPart({ tensors }: GgufModel, part: string): number | undefined {
  for (const [name, { shape }] of tensors) {
    if (name.startsWith('blk.') && name.endsWith(`.${part}.weight`)) return shape.at(-2);
  }
  return undefined;
}

/** Whether any layer has the tensor. */
export function hasPart({ tensors }: GgufModel, part: string): boolean {
  return [...tensors.keys()].some((name) => name.startsWith('blk.') && name.endsWith(`.${part}`));
}

/** Which dimensions of a head turn: all of them, as many as the file says, those of latent attention, or none. */
export type Turning = 'whole' | 'share' | 'latent' | 'none';

export async function sizes(model: GgufModel, turning: Turning): Promise<JsonObject> {
  const { name, fields, tensors } = model;
  const size = headDim(model);
  return {
    hidden_size: fields.number(`${name}.embedding_length`),
    intermediate_size: fields.sameOrEach(`${name}.feed_forward_length`) ?? undefined,
    num_hidden_layers: numLayers(model),
    num_attention_heads: numHeads(model),
    num_key_value_heads: numKvHeads(model),
    head_dim: checkedHeadDim(model, size, turning),
    rms_norm_eps: epsilon(model),
    vocab_size: tensors.get('token_embd.weight')?.shape[0],
    max_position_embeddings: fields.number(`${name}.context_length`),
    tie_word_embeddings: !tensors.has('output.weight'),
    rope_theta: fields.numberOrNull(`${name}.rope.freq_base`) ?? 10_000,
    rope_scaling: turning === 'none' ? null : await ropeScaling(model, turningDims(model, size)),
    ...(turning === 'share' ? { partial_rotary_factor: turningShare(model, size) } : {}),
  };
}

/** Without the layers that guess tokens ahead, which lie behind the others. */
export function numLayers({ name, fields }: GgufModel): number {
  const ahead = fields.numberOrNull(`${name}.nextn_predict_layers`) ?? 0;
  return fields.count(`${name}.block_count`) - ahead;
}

function checkedHeadDim({ name, fields }: GgufModel, size: number, turning: Turning): number {
  const keys = [
    ...(turning === 'latent' ? [] : ['attention.value_length']),
    ...(turning === 'whole' ? ['rope.dimension_count'] : []),
  ];
  for (const key of keys) {
    const other = fields.numberOrNull(`${name}.${key}`) ?? size;
    if (other !== size) fields.fail(`"${name}.${key}" must be ${size} like a head, got ${other}`);
  }
  return size;
}

function turningDims({ name, fields }: GgufModel, size: number): number {
  return fields.numberOrNull(`${name}.rope.dimension_count`) ?? size;
}

/** `partial_rotary_factor`, of which whole dimensions come out again. */
export function turningShare(model: GgufModel, size: number): number {
  const dims = turningDims(model, size);
  const share = dims / size;
  return Math.trunc(size * share) === dims ? share : (dims + 0.5) / size;
}
