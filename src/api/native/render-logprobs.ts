import type { LogprobWants } from '../../core/sampling-params.js';
import type { LogprobRow } from '../../core/sampling-params.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { LazyRows } from '../../http/large-json.js';
import type { Generation } from '../../engine/generation.js';

/** `[logprob, token id, text]`. */
export type LogprobTuple = readonly [number | null, number, string | null];

export interface LogprobView {
  /** Null unless `return_text_in_logprobs`. */
  readonly tokenizer: Tokenizer | null;
  /** First output token to show; later streams show only what is new. */
  readonly fromOutput: number;
}

/** The logprob keys of `meta_info`; empty when none were asked for. */
export function renderLogprobs(generation: Generation, view: LogprobView): Record<string, unknown> {
  const wants = generation.input.req.logprobs;
  if (wants === null) return {};
  const tuple = tupleMaker(view.tokenizer);
  const prompt = promptRows(generation, wants);
  const output = outputRows(generation, view.fromOutput);
  const first = prompt[0] === null ? (generation.input.req.inputIds[0] ?? 0) : null;
  const keys: Record<string, unknown> = {
    input_token_logprobs: new LazyRows(prompt, (row) =>
      row === null ? tuple(null, first ?? 0) : best(row),
    ),
    output_token_logprobs: new LazyRows(output, best),
    output_token_logprobs_length: generation.outputIds.length,
  };
  if (wants.topNum > 0) addPart('top_logprobs', 1, 1 + wants.topNum);
  const end = 1 + wants.topNum + wants.tokenIds.length;
  if (wants.tokenIds.length > 0) addPart('token_ids_logprobs', 1 + wants.topNum, end);
  return keys;

  function best(row: LogprobRow): LogprobTuple {
    return tuple(row.values[0] ?? null, row.ids[0] ?? 0);
  }

  function addPart(name: string, start: number, end: number): void {
    const part = (row: LogprobRow | null): LogprobTuple[] | null =>
      row === null
        ? null
        : Array.from(row.ids.subarray(start, end), (id, i) =>
            tuple(row.values[start + i] ?? null, id),
          );
    keys[`input_${name}`] = new LazyRows(prompt, part, end - start);
    keys[`output_${name}`] = new LazyRows(output, part, end - start);
  }
}

/** Rows of `[startLen, promptLen)`; null for position 0, which nothing predicts. */
function promptRows(generation: Generation, wants: LogprobWants): readonly (LogprobRow | null)[] {
  const rows: (LogprobRow | null)[] = [];
  for (let position = wants.startLen; position < generation.promptTokens; position++) {
    const row = generation.promptLogprobs.get(position);
    if (row !== undefined) rows.push(row);
    else if (position === 0) rows.push(null);
  }
  return rows;
}

function outputRows(generation: Generation, from: number): readonly LogprobRow[] {
  const rows: LogprobRow[] = [];
  for (let index = from; index < generation.outputIds.length; index++) {
    const row = generation.outputLogprobs.get(index);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

function tupleMaker(
  tokenizer: Tokenizer | null,
): (value: number | null, id: number) => LogprobTuple {
  return (value, id) => [value, id, tokenizer === null ? null : tokenizer.decode([id], false)];
}
