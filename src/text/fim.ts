/** Fill in the middle: how models of code are shown the text before and after a gap. */
import type { FimName } from '../config/parser-names.js';
import type { Tokenizer } from './tokenizer.js';

export interface FimFormat {
  readonly name: FimName;
  /** Special tokens, each of which a tokenizer must have for the format to be its own. */
  readonly begin: string;
  readonly middle: string;
  readonly end: string;
  /** Where the gap's token stands: between the two texts, or behind both. */
  readonly order: 'middle' | 'last';
}

/** SGLang's completion templates. */
export const FIM_FORMATS: Readonly<Record<FimName, FimFormat>> = {
  qwen_coder: {
    name: 'qwen_coder',
    begin: '<|fim_prefix|>',
    middle: '<|fim_middle|>',
    end: '<|fim_suffix|>',
    order: 'last',
  },
  star_coder: {
    name: 'star_coder',
    begin: '<fim_prefix>',
    middle: '<fim_middle>',
    end: '<fim_suffix>',
    order: 'last',
  },
  deepseek_coder: {
    name: 'deepseek_coder',
    begin: '<｜fim▁begin｜>',
    middle: '<｜fim▁hole｜>',
    end: '<｜fim▁end｜>',
    order: 'middle',
  },
};

/** The format whose tokens the tokenizer has; null = none. */
export function detectFim(tokenizer: Pick<Tokenizer, 'hasAdded'>): FimFormat | null {
  const formats = Object.values(FIM_FORMATS);
  return (
    formats.find(({ begin, middle, end }) =>
      [begin, middle, end].every((token) => tokenizer.hasAdded(token)),
    ) ?? null
  );
}

/** The prompt of a gap between `before` and `after`. */
export function fimPrompt(
  { begin, middle, end, order }: FimFormat,
  before: string,
  after: string,
): string {
  return order === 'middle'
    ? `${begin}${before}${middle}${after}${end}`
    : `${begin}${before}${end}${after}${middle}`;
}
