import type { Random } from '../../src/core/clock.js';
import { generate, postJson, type GenerateResult } from '../e2e/client.js';

/** What has happened to all requests of a run: each is counted once. */
export interface Tally {
  answered: number;
  /** The client went away before the answer. */
  left: number;
  /** 503: full, paused for good, draining, or no device. */
  refused: number;
  /** 500, or an abort: its device died twice, or somebody aborted it. */
  failed: number;
  readonly wrong: string[];
}

/** The answer that each prompt has on a quiet server. */
export type Answers = ReadonlyMap<string, readonly number[]>;

const MAX_NEW_TOKENS = 24;
const SAMPLING = { temperature: 0, max_new_tokens: MAX_NEW_TOKENS, ignore_eos: true };
const NUM_PROMPTS = 40;
/** Prompts share this much, so that the prefix cache is at work. */
const SHARED = 'The quick brown fox jumps over the lazy dog and asks the old owl: ';
const PATIENCE_MS = 60_000;

export async function learnAnswers(url: string): Promise<Answers> {
  const answers = new Map<string, readonly number[]>();
  for (let i = 0; i < NUM_PROMPTS; i++) {
    const text = `${SHARED.repeat(1 + (i % 4))}what is number ${i}?`;
    answers.set(text, (await generate(url, { text, sampling_params: SAMPLING })).output_ids);
  }
  return answers;
}

export interface ClientOptions {
  readonly url: string;
  readonly answers: Answers;
  readonly random: Random;
  readonly tally: Tally;
}

/** One client that asks, one request after the other, and sometimes leaves before the answer. */
export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.#ask();
  }

  async #ask(): Promise<void> {
    const { url, answers, random, tally } = this.#options;
    const prompts = [...answers.keys()];
    const text = prompts[Math.floor(random() * prompts.length)] ?? '';
    const leaving = new AbortController();
    const isLeaving = random() < 0.2;
    const timer = setTimeout(
      () => {
        leaving.abort();
      },
      isLeaving ? random() * 400 : PATIENCE_MS,
    );
    const body = { text, sampling_params: SAMPLING, stream: random() < 0.5 };
    try {
      const response = await postJson(`${url}/generate`, body, { signal: leaving.signal });
      this.#check(text, response.status, await response.text());
    } catch (error) {
      if (isLeaving && leaving.signal.aborted) tally.left++;
      else tally.wrong.push(`no ending for «${text.slice(-30)}»: ${String(error)}`);
    } finally {
      clearTimeout(timer);
    }
  }

  #check(text: string, status: number, body: string): void {
    const { answers, tally } = this.#options;
    if (status === 503) tally.refused++;
    else if (status === 500) tally.failed++;
    else if (status !== 200) tally.wrong.push(`status ${status}: ${body.slice(0, 200)}`);
    else {
      const { output_ids: ids, meta_info: info } = lastObject(body);
      const expected = answers.get(text) ?? [];
      const isWhole = info.finish_reason?.type === 'length';
      const isPrefix = ids.every((id, i) => id === expected[i]);
      if (!isPrefix || (isWhole && ids.length !== expected.length)) {
        tally.wrong.push(`«${text.slice(-30)}» is [${ids.join()}], not [${expected.join()}]`);
      } else if (isWhole) tally.answered++;
      else tally.failed++;
    }
  }
}

/** Of a stream the object before `[DONE]`, which must be there once. */
function lastObject(body: string): GenerateResult {
  if (!body.startsWith('data: ')) return JSON.parse(body) as GenerateResult;
  const frames = body
    .trimEnd()
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: '));
  if (frames.at(-1) !== 'data: [DONE]') throw new Error('a stream without its end');
  return JSON.parse((frames.at(-2) ?? '').replace(/^data: /, '')) as GenerateResult;
}
