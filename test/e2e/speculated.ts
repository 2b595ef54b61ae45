import { generate, postJson, type GenerateResult } from './client.js';
import type { RadishProcess } from './radish-process.js';

/** The model that comes with the package drafts: for one of more layers, in `folder`, that says the same. */
export function standalone(folder: string): string[] {
  return [
    ['--model-path', folder],
    ['--speculative-algorithm', 'STANDALONE'],
    ['--speculative-draft-model-path', 'radish-tiny'],
  ].flat();
}

/** Texts that repeat themselves, answered greedily or not, some with penalties, and with stops of all kinds. */
export const bodies = Array.from({ length: 24 }, (_, i) => ({
  text: `${'The sky is blue and the sea is wide. '.repeat(1 + (i % 5))}Question ${i}: why? The sky is`,
  sampling_params: {
    temperature: i % 2 === 0 ? 0 : 0.4,
    sampling_seed: i,
    max_new_tokens: 60 + 6 * i,
    ignore_eos: i % 3 > 0,
    ...(i % 4 === 1 ? { frequency_penalty: 0.2, repetition_penalty: 1.05 } : {}),
    ...(i % 5 === 2 ? { stop: ['blue. The', 'zz'], min_new_tokens: 5 } : {}),
  },
  return_logprob: true,
  top_logprobs_num: 2,
}));

/** All of an answer that no company may change. */
export function essence(answer: GenerateResult | undefined): unknown {
  const meta = answer?.meta_info;
  const logprobs = [meta?.['output_token_logprobs'], meta?.['output_top_logprobs']];
  return [answer?.output_ids, logprobs, answer?.text, meta?.finish_reason];
}

/** Each with an empty cache. */
export async function oneByOne(
  { url }: RadishProcess,
  asked: readonly object[] = bodies,
): Promise<GenerateResult[]> {
  const answers: GenerateResult[] = [];
  for (const body of asked) {
    await postJson(`${url}/flush_cache`, {});
    answers.push(await generate(url, body));
  }
  return answers;
}

/** Of a number of `meta_info`. */
export function sumOf(answers: readonly GenerateResult[], field: string): number {
  return answers.reduce((sum, { meta_info }) => sum + Number(meta_info[field] ?? 0), 0);
}
