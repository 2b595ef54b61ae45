import type { GgufFields } from '../fields.js';

/** Tokens that end a turn, whatever the file says of them. */
const TURN_ENDS: ReadonlySet<string> = new Set([
  '<|eot_id|>',
  '<|eom_id|>',
  '<|im_end|>',
  '<|end|>',
  '<|endoftext|>',
  '<end_of_turn>',
]);
/** Types of tokens: one that stands for what no other does, and one that texts never spell. */
export const UNKNOWN = 2;
export const CONTROL = 3;

export interface SpecialIds {
  readonly bos: number | null;
  readonly padding: number | null;
  /** Each ends an answer. */
  readonly ends: readonly number[];
}

/** The ids of a file's special tokens, by its metadata. @throws ModelLoadError */
export function specialIds(fields: GgufFields): SpecialIds {
  const id = (name: string): number | null => idOf(fields, name);
  const named = ['eos', 'eot', 'eom'].map(id).filter((end) => end !== null);
  const types = fields.numbersOrNull('tokenizer.ggml.token_type') ?? [];
  const known = (fields.textsOrNull('tokenizer.ggml.tokens') ?? []).flatMap((token, index) =>
    types[index] === CONTROL && TURN_ENDS.has(token) ? [index] : [],
  );
  return { bos: id('bos'), padding: id('padding'), ends: [...new Set([...named, ...known])] };
}

/** Null where there is none; 0xffffffff says so too. */
export function idOf(fields: GgufFields, name: string): number | null {
  const id = fields.numberOrNull(`tokenizer.ggml.${name}_token_id`);
  const tokens = fields.textsOrNull('tokenizer.ggml.tokens') ?? [];
  return id === null || tokens[id] === undefined ? null : id;
}
