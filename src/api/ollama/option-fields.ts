import { field, type Field, type FieldKind, type Fields } from '../../http/fields.js';

/** Of the runner that Ollama has, and this server has not. */
const none = (make: (about: string) => Field): Field => make('Without effect.');
/** A way to sample that there is not, but for the value that turns it off. */
const off = (make: typeof field.number, value: number): Field => make('Refused.', { const: value });

/** `options`: every one that Ollama knows. Any other name is ignored, as there. */
export const OPTION_FIELDS = {
  temperature: field.number('0 = greedy.', { minimum: 0 }),
  top_p: field.number('Of the most probable tokens, those that make up this share.'),
  min_p: field.number('Tokens less probable than this share of the best one are out.'),
  typical_p: off(field.number, 1),
  tfs_z: off(field.number, 1),
  repeat_penalty: field.number('Divides what was made; 1 = none.'),
  presence_penalty: field.number('Once a token was made.'),
  frequency_penalty: field.number('Per time a token was made.'),
  mirostat_tau: none(field.number),
  mirostat_eta: none(field.number),
  num_predict: field.integer('Tokens of the answer at most; below 1 = until the context ends.'),
  top_k: field.integer('So many of the most probable tokens; below 1 = all.'),
  seed: field.integer(
    '64 bits; the same seed draws the same answer, and -1 another one each time.',
  ),
  repeat_last_n: field.integer('With `repeat_penalty`: -1 = the whole answer, 0 = off.'),
  mirostat: off(field.integer, 0),
  num_keep: none(field.integer),
  num_ctx: none(field.integer),
  num_batch: none(field.integer),
  num_gpu: none(field.integer),
  main_gpu: none(field.integer),
  num_thread: none(field.integer),
  penalize_newline: field.boolean('With `repeat_penalty` always true.'),
  numa: none(field.boolean),
  low_vram: none(field.boolean),
  f16_kv: none(field.boolean),
  logits_all: none(field.boolean),
  vocab_only: none(field.boolean),
  use_mmap: none(field.boolean),
  use_mlock: none(field.boolean),
  embedding_only: none(field.boolean),
  stop: field.strings('Texts that end the answer; they are cut off.'),
} as const satisfies Fields;

/** Ollama's own names of the types. */
export const TYPE_NAMES: Partial<Readonly<Record<FieldKind, string>>> = {
  number: 'float32',
  integer: 'integer',
  boolean: 'boolean',
  strings: 'array',
};
