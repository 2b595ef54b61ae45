import type { SamplingParams } from '../../core/sampling-params.js';
import { argmax } from './full-row.js';
import type { HeadRows } from './head-rows.js';

/**
 * How often a request has put out each token. Counted only when a penalty reads it. Prompts never count, as in
 * SGLang, whose repetition penalty scales outputs alone (Hugging Face's and vLLM's the prompt's tokens too).
 */
export class TokenCounts {
  /** Outputs so far: id → count. */
  readonly outputs = new Map<number, number>();

  constructor(priorOutputIds: Int32Array) {
    for (const id of priorOutputIds) this.addOutput(id);
  }

  addOutput(id: number): void {
    this.outputs.set(id, (this.outputs.get(id) ?? 0) + 1);
  }
}

export function hasPenalties(params: SamplingParams): boolean {
  return (
    params.frequencyPenalty !== 0 || params.presencePenalty !== 0 || params.repetitionPenalty !== 1
  );
}

/** True when the next token of such a request does not follow the distribution that the graph gives. */
export function needsAdjusting(params: SamplingParams, numOutputs: number): boolean {
  return (
    hasPenalties(params) ||
    params.logitBias.length > 0 ||
    (numOutputs < params.minNewTokens && params.stopTokenIds.length > 0)
  );
}

/** Rows with a repetition penalty scale raw logits; everything else shifts log-probabilities. */
export function needsLogits(params: SamplingParams): boolean {
  return params.repetitionPenalty !== 1;
}

export interface AdjustState {
  readonly params: SamplingParams;
  readonly counts: TokenCounts | null;
  readonly numOutputs: number;
}

/**
 * Writes the changed and normalised log-probabilities of a head row to `out` `[vocabSize]`: frequency and
 * presence (additive), repetition (scaling), the mask of stop ids before `min_new_tokens`, logit bias,
 * then temperature and log-softmax, in SGLang's order.
 */
export function adjustRow(
  out: Float32Array,
  head: HeadRows,
  row: number,
  { params, counts, numOutputs }: AdjustState,
): void {
  const source = needsLogits(params) ? head.logits : head.logprobs;
  if (source === null) throw new Error('this is a bug: a repetition penalty without logits');
  const { temperature } = params;
  // Log-probabilities already carry the temperature: what is added to them must carry it too.
  const unit = source === head.logits ? 1 : 1 / temperature;
  out.set(source.subarray(row * head.vocabSize, (row + 1) * head.vocabSize));
  if (counts !== null) penalize(out, params, counts, unit);
  if (numOutputs < params.minNewTokens) {
    for (const id of params.stopTokenIds) if (id < out.length) out[id] = -Infinity;
  }
  for (const [id, bias] of params.logitBias) out[id] = (out[id] ?? 0) + bias * unit;
  if (source === head.logits)
    for (let id = 0; id < out.length; id++) out[id] = (out[id] ?? 0) / temperature;
  normalize(out);
}

function penalize(
  out: Float32Array,
  params: SamplingParams,
  counts: TokenCounts,
  unit: number,
): void {
  const { frequencyPenalty, presencePenalty, repetitionPenalty } = params;
  if (frequencyPenalty !== 0 || presencePenalty !== 0) {
    for (const [id, count] of counts.outputs) {
      out[id] = (out[id] ?? 0) - (frequencyPenalty * count + presencePenalty) * unit;
    }
  }
  if (repetitionPenalty === 1) return;
  for (const id of counts.outputs.keys()) {
    const value = out[id] ?? 0;
    out[id] = value > 0 ? value / repetitionPenalty : value * repetitionPenalty;
  }
}

/** Log-softmax in place, summed in f64. Index loops: they run over the whole vocabulary. */
export function normalize(row: Float32Array): void {
  const best = row[argmax(row)] ?? -Infinity;
  let sum = 0;
  for (let id = 0; id < row.length; id++) sum += Math.exp((row[id] ?? 0) - best);
  const shift = best + Math.log(sum);
  for (let id = 0; id < row.length; id++) row[id] = (row[id] ?? 0) - shift;
}
