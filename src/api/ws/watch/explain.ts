/** `explain`: where a prompt leaves the cache, and why, without running it. */
import { RequestError, refuse } from '../../../core/errors.js';
import type { PrefixLeaving } from '../../../core/prefix-leaving.js';
import type { AnswerSink } from '../../../engine/answer-sink.js';
import { askedBy, type Asker } from '../../../engine/asker.js';
import type { CacheReads } from '../../../engine/cache-reads.js';
import { promptQuestion, type PromptDeps } from '../../../engine/prompt-question.js';
import type { GenerateRequest } from '../../../engine/request.js';
import type { JsonObject } from '../../../http/json.js';
import { cacheInfoOf, type CacheInfo } from '../../native/cache-info.js';
import type { Explained } from './types.js';

export interface ExplainDeps extends PromptDeps {
  /** Reads the prompt of a body as its route does. @throws RequestError */
  readonly parse: (body: JsonObject) => Promise<GenerateRequest>;
  readonly cache: Pick<CacheReads, 'explain'>;
  /** `--enable-deterministic-inference` */
  readonly strict: boolean;
  /** `--disable-radix-cache` */
  readonly isDisabled: boolean;
}

/** @throws RequestError */
export async function explain(
  body: JsonObject,
  sink: AnswerSink,
  deps: ExplainDeps,
  asker: Asker,
): Promise<void> {
  const { entries } = askedBy(await deps.parse(body), asker);
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) refuse('explain takes one prompt.');
  const question = await promptQuestion(entry, deps);
  const leavings = await deps.cache.explain({ ...question, strict: deps.strict });
  const best = leavings.reduce<PrefixLeaving | null>(
    (a, b) => (a === null || b.numTokens > a.numTokens ? b : a),
    null,
  );
  if (best === null) throw new RequestError('NO_DEVICE', 'No device is there.');
  sink.answer(explained(best, question.tokens, deps));
}

function explained(
  { tree, numTokens, pageSizeTokens, miss, path }: PrefixLeaving,
  inputIds: Int32Array,
  { isDisabled, tokenizer }: ExplainDeps,
): Explained {
  const disabled = { cause: 'cache_disabled', position: 0, expectedToken: null } as const;
  const own = isDisabled ? disabled : miss;
  const prompt = { inputIds, promptTokens: inputIds.length, cachedTokens: numTokens };
  const info: CacheInfo = cacheInfoOf({ ...prompt, miss: { ...own, pageSizeTokens } }, tokenizer);
  return { device: tree, ...info, path };
}
