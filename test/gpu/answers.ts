/** What every device is asked: lengths and kinds that differ, so that a batch of them is uneven. */
const PROMPTS: readonly string[] = [
  'The capital of France is',
  'One, two, three, four,',
  'Water boils at a temperature of',
  'def fibonacci(n):\n    """The n-th Fibonacci number."""\n',
  'The opposite of hot is cold. The opposite of day is night. The opposite of up is',
  'Once upon a time there was a small village by the sea, where an old fisherman lived alone with his dog. '.repeat(
    3,
  ),
  'Q: What is the largest planet of the solar system?\nA:',
  `Here is a list of ${'apples, pears, plums, cherries, '.repeat(12)}and`,
];

/** Token ids of each prompt's answer. */
export type Answers = readonly (readonly number[])[];

/** Greedy answers of `numTokens` tokens, one prompt behind another or all at once. */
export async function askAll(
  url: string,
  numTokens: number,
  atOnce: boolean,
  signal: AbortSignal,
): Promise<Answers> {
  const ask = (text: string, index: number) => answer(url, text, index, numTokens, signal);
  if (atOnce) return Promise.all(PROMPTS.map(ask));
  const answers: (readonly number[])[] = [];
  for (const [index, text] of PROMPTS.entries()) answers.push(await ask(text, index));
  return answers;
}

async function answer(
  url: string,
  text: string,
  index: number,
  numTokens: number,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const response = await fetch(`${url}/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      text,
      sampling_params: { temperature: 0, max_new_tokens: numTokens, ignore_eos: true },
    }),
    signal,
  });
  const body = (await response.json()) as { readonly output_ids?: readonly number[] };
  if (body.output_ids === undefined) {
    throw new Error(`prompt ${index}: ${response.status} ${JSON.stringify(body).slice(0, 200)}`);
  }
  return body.output_ids;
}

export interface Agreement {
  /** Answers that are equal to their last token. */
  readonly answers: number;
  /** Tokens up to where each pair of answers first differs. */
  readonly tokens: number;
  readonly ofAnswers: number;
  readonly ofTokens: number;
}

export function agreement(left: Answers, right: Answers): Agreement {
  const pairs = left.map((ids, index) => [ids, right[index] ?? []] as const);
  const equal = pairs.map(([one, other]) => {
    const at = one.findIndex((id, place) => id !== other[place]);
    return at < 0 ? one.length : at;
  });
  return {
    answers: pairs.filter(
      ([one, other], i) => equal[i] === one.length && one.length === other.length,
    ).length,
    tokens: equal.reduce((sum, count) => sum + count, 0),
    ofAnswers: left.length,
    ofTokens: left.reduce((sum, ids) => sum + ids.length, 0),
  };
}

export function agreementText({ answers, ofAnswers, tokens, ofTokens }: Agreement): string {
  return `${answers}/${ofAnswers} answers, ${tokens}/${ofTokens} tokens before they differ`;
}
