import type { Part } from './part.js';
import { refuseBlock, typeOf } from './blocks.js';

/** Agents put a line for Anthropic's accounts before their prompt; it differs with every request. */
const BILLING_LINE = /^x-anthropic-billing-header:/;

/** The texts of a system prompt (text, or text blocks), without those that are blank. @throws RequestError */
export function systemTexts(from: Part, name: string): readonly string[] {
  const value = from.value(name);
  const texts =
    typeof value === 'string' ? [value] : (from.children(name) ?? []).map((block) => textOf(block));
  return texts.filter((text) => text.trim() !== '' && !BILLING_LINE.test(text));
}

function textOf(block: Part): string {
  return typeOf(block) === 'text'
    ? block.neededText('text')
    : refuseBlock(block, 'a system prompt');
}
