import type { LogprobRow } from '../../core/sampling-params.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { LazyRows } from '../../http/large-json.js';
import type { Generation } from '../../engine/generation.js';

interface ChatToken {
  readonly token: string;
  /** UTF-8 of `token`, but of a part of a character its own bytes. */
  readonly bytes: readonly number[];
  readonly logprob: number | null;
}

/** `choices[].logprobs` of chat: one entry per output token from `from` on. */
export function chatLogprobs(
  generation: Generation,
  from: number,
  tokenizer: Tokenizer,
): { readonly content: LazyRows<LogprobRow> } {
  const top = topEntries(generation);
  const entryOf = (row: LogprobRow): unknown => ({
    ...chatToken(row, 0, tokenizer),
    top_logprobs: top.map((entry) => chatToken(row, entry, tokenizer)),
  });
  return { content: new LazyRows(outputRows(generation, from), entryOf, 1 + top.length) };
}

function chatToken(row: LogprobRow, entry: number, tokenizer: Tokenizer): ChatToken {
  const token = textOf(row, entry, tokenizer);
  const bytes = [...tokenizer.bytesOf(row.ids[entry] ?? 0)];
  return { token, bytes, logprob: row.values[entry] ?? null };
}

/**
 * `choices[].logprobs` of completions, in four lists. With `echo` the prompt's tokens come first; nothing
 * predicts the very first one. Texts that are spelled alike share an entry of `top_logprobs`: the best.
 */
export function completionLogprobs(
  generation: Generation,
  { from, echo }: { from: number; echo: boolean },
  tokenizer: Tokenizer,
): unknown {
  const prompt = echo ? promptRows(generation) : [];
  const rows = [...prompt, ...outputRows(generation, from)];
  const first = (): string => tokenizer.decode(generation.input.req.inputIds.subarray(0, 1), false);
  const entries = topEntries(generation);
  const topOf = (row: LogprobRow): Record<string, number | null> => {
    const top = new Map<string, number | null>();
    for (const entry of entries) {
      const text = textOf(row, entry, tokenizer);
      if (!top.has(text)) top.set(text, row.values[entry] ?? null);
    }
    return Object.fromEntries(top);
  };
  return {
    text_offset: rows.map(() => -1),
    token_logprobs: rows.map((row) => row?.values[0] ?? null),
    tokens: new LazyRows(rows, (row) => (row === null ? first() : textOf(row, 0, tokenizer))),
    top_logprobs:
      entries.length === 0
        ? []
        : new LazyRows(rows, (row) => (row === null ? null : topOf(row)), entries.length),
  };
}

function textOf(row: LogprobRow, entry: number, tokenizer: Tokenizer): string {
  return tokenizer.decode(row.ids.subarray(entry, entry + 1), false);
}

/** Places of the best entries in a row: behind the token itself. */
function topEntries(generation: Generation): readonly number[] {
  const numTop = generation.input.req.logprobs?.topNum ?? 0;
  return Array.from({ length: numTop }, (_, i) => 1 + i);
}

function outputRows(generation: Generation, from: number): readonly LogprobRow[] {
  const rows = generation.outputIds.map((_, index) => generation.outputLogprobs.get(index));
  return rows.slice(from).filter((row) => row !== undefined);
}

/** Null for position 0. */
function promptRows(generation: Generation): readonly (LogprobRow | null)[] {
  const { inputIds } = generation.input.req;
  return Array.from(inputIds, (_, position) => generation.promptLogprobs.get(position) ?? null);
}
