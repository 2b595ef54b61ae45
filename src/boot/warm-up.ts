import { ask, LocalFailure } from '../api/local-answer.js';
import { StartupError } from '../core/errors.js';
import type { Assembly } from './assemble.js';

/** SGLang's warm-up request. */
const PROMPT = 'The capital city of France is';
const TIMEOUT_MS = 120_000;

/** One request through the whole engine, so that the first user does not pay for cold caches. @throws StartupError */
export async function warmUp({ app, served }: Pick<Assembly, 'app' | 'served'>): Promise<void> {
  // Without a tokenizer the prompt is ids; an embedding model is warmed up by a text's vector.
  const hasText = served.tokenizer !== null;
  const isGeneration = served.spec.embedding === null;
  const prompt = hasText ? PROMPT : [1, 2, 3];
  const answer = isGeneration
    ? ask(app.calls.generate, {
        ...(hasText ? { text: prompt } : { input_ids: prompt }),
        sampling_params: { temperature: 0, max_new_tokens: 8 },
      })
    : ask(app.calls.embed, { input: prompt });
  const timer = setTimeout(() => {
    answer.cancel(new StartupError(`no answer within ${TIMEOUT_MS / 1000} s`));
  }, TIMEOUT_MS);
  try {
    await answer.next();
  } catch (error) {
    if (!(error instanceof LocalFailure) && !(error instanceof StartupError)) throw error;
    throw new StartupError(`The warm-up request failed: ${error.message}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
