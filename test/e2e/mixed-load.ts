import { seededRandom, type Random } from '../../src/core/clock.js';
import { generate, postJson, type GenerateResult } from './client.js';

/** A request of a load whose batches are made by chance. */
export interface MixedRequest {
  readonly rid: string;
  readonly body: object;
  /** It is aborted so long after it was sent; null = it is not. */
  readonly abortAfterMs: number | null;
  /** Who sends it waits so long before. */
  readonly pauseMs: number;
}

export interface MixedOptions {
  readonly count: number;
  readonly seed: number;
  /** What prompts are cut out of. */
  readonly texts: readonly string[];
  readonly maxPromptChars: number;
  readonly maxNewTokens: number;
}

/** Greedy and sampled by seeds, with penalties, stops, grammars and logprobs, of all lengths; some are aborted. */
export function mixedRequests(options: MixedOptions): MixedRequest[] {
  const random = seededRandom(options.seed);
  const below = (most: number): number => Math.floor(random() * most);
  const often = (part: number): boolean => random() < part;
  return Array.from({ length: options.count }, (_, i) => ({
    rid: `mixed-${options.seed}-${i}`,
    body: {
      text: promptOf(options, random),
      sampling_params: {
        temperature: often(0.4) ? 0 : 0.2 + random(),
        sampling_seed: below(1e6),
        max_new_tokens: 1 + below(options.maxNewTokens),
        ignore_eos: often(0.5),
        ...(often(0.3) && { top_p: 0.5 + random() / 2, top_k: 1 + below(60) }),
        ...(often(0.15) && { frequency_penalty: random(), repetition_penalty: 1 + random() / 4 }),
        ...(often(0.1) && { stop: ['\n\n', ' the'], min_new_tokens: 1 }),
        ...(often(0.05) && { regex: '[a-z ]{5,60}' }),
      },
      ...(often(0.5) && { return_logprob: true, top_logprobs_num: below(4) }),
    },
    abortAfterMs: often(0.08) ? below(1500) : null,
    pauseMs: often(0.2) ? below(200) : 0,
  }));
}

/** A piece of a text, some of it twice: then there is something to look up. */
function promptOf({ texts, maxPromptChars }: MixedOptions, random: Random): string {
  const text = texts[Math.floor(random() * texts.length)] ?? '';
  const length = 8 + Math.floor(random() ** 2 * maxPromptChars);
  const from = Math.floor(random() * Math.max(1, text.length - length));
  const piece = text.slice(from, from + length);
  return random() < 0.5 ? piece + piece.slice(0, Math.floor(piece.length * random())) : piece;
}

/** All of them, at most `numAtOnce` at a time. Answers are in the order of the requests. */
export async function askMixed(
  url: string,
  requests: readonly MixedRequest[],
  numAtOnce: number,
): Promise<GenerateResult[]> {
  const answers: GenerateResult[] = [];
  const waiting = [...requests.entries()];
  const serveNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [place, { rid, body, pauseMs, abortAfterMs }] = next;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      const abort = () => void postJson(`${url}/abort_request`, { rid });
      const timer = abortAfterMs === null ? null : setTimeout(abort, abortAfterMs);
      answers[place] = await generate(url, { ...body, rid });
      if (timer !== null) clearTimeout(timer);
    }
  };
  await Promise.all(Array.from({ length: numAtOnce }, serveNext));
  return answers;
}

/** How two runs of the same requests compare. */
export interface Comparison {
  /** Whole answers, and those that were aborted in a run: these are compared as far as both came. */
  readonly numWhole: number;
  readonly numAborted: number;
  readonly numTokens: number;
  /** Indices of requests whose answers differ. */
  readonly different: readonly number[];
}

/** Token ids, text, what ended it and all logprobs. */
export function compareMixed(
  answers: readonly GenerateResult[],
  others: readonly GenerateResult[],
): Comparison {
  let numAborted = 0;
  let numTokens = 0;
  const different: number[] = [];
  for (const [i, answer] of answers.entries()) {
    const other = others[i];
    if (other === undefined) throw new Error(`request ${i} has one answer`);
    const isWhole = [answer, other].every((one) => one.meta_info.finish_reason?.type !== 'abort');
    const numBoth = Math.min(answer.output_ids.length, other.output_ids.length);
    if (!isWhole) numAborted++;
    numTokens += numBoth;
    const told = [answer, other].map((one) => (isWhole ? wholeOf(one) : firstOf(one, numBoth)));
    if (told[0] !== told[1]) different.push(i);
  }
  return { numWhole: answers.length - numAborted, numAborted, numTokens, different };
}

function wholeOf(answer: GenerateResult): string {
  const { output_ids, text, meta_info } = answer;
  return JSON.stringify([
    output_ids.length,
    text,
    meta_info.finish_reason,
    firstOf(answer, Infinity),
  ]);
}

function firstOf({ output_ids, meta_info }: GenerateResult, count: number): string {
  const lists = [output_ids, meta_info['output_token_logprobs'], meta_info['output_top_logprobs']];
  return JSON.stringify(lists.map((list) => (Array.isArray(list) ? list.slice(0, count) : null)));
}
