import type { PromptQuestion } from '../core/prefix-leaving.js';
import type { EncodeDeps } from './encode.js';
import { fitPrompt, type RequestLimits } from './fit-request.js';
import { namespaceOf, promptIds } from './prepare.js';
import type { GenerateEntry } from './request.js';

export interface PromptDeps extends EncodeDeps {
  readonly limits: RequestLimits;
}

/** What a prompt that is not run asks of the cache: tokenized and checked as one that is. @throws RequestError */
export async function promptQuestion(
  entry: GenerateEntry,
  deps: PromptDeps,
): Promise<Omit<PromptQuestion, 'strict'>> {
  const [ids] = await promptIds([entry], deps);
  const tokens = fitPrompt(ids ?? new Int32Array(0), entry.sampling, deps.limits);
  return { namespace: namespaceOf(entry, null), tenant: entry.tenant, tokens };
}
