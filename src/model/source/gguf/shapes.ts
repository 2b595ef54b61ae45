/** Files lack dimensions of 1, or have more of them, and keep the heads of a vector apart: the numbers lie the same. */
import { elements } from '../../elements.js';

type Shape = readonly number[];

const ROW = (shape: Shape): Shape => [1, elements(shape)];
const VECTOR = (shape: Shape): Shape => [elements(shape)];
const CONVOLUTION = ([channels = 0, ...width]: Shape): Shape => [channels, 1, elements(width)];

/** By the ends of Hugging Face's names. */
const SHAPES: readonly (readonly [end: RegExp, there: (shape: Shape) => Shape])[] = [
  [/(shared_expert_gate|token_type_embeddings)\.weight$/, matrix],
  [/moe_statics\.e_score_correction_bias$/, ROW],
  [/\.(conv1d|conv\.conv)\.weight$/, CONVOLUTION],
  [/\.(mamba|mixer|linear_attn)\.(norm\.weight|D|dt_bias)$/, VECTOR],
  [/\.kv_b_proj of v\.weight$/, ([heads = 0, rows = 0, rank = 0]) => [heads * rows, rank]],
  [/\.kv_b_proj of k\.weight$/, ([heads = 0, rank = 0, rows = 0]) => [heads * rows, rank]],
  [/\.A_log$/, (shape) => (shape.at(-1) === 1 ? VECTOR(shape) : shape)],
];

/** The shape that Hugging Face's tensor of the name has. */
export function shapeThere(name: string, shape: Shape): Shape {
  const [, there] = SHAPES.find(([end]) => end.test(name)) ?? [];
  return there === undefined ? shape : there(shape);
}

/** Matrices of one row are stored as vectors. */
function matrix(shape: Shape): Shape {
  return shape.length === 1 ? ROW(shape) : shape;
}
