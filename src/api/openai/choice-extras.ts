import { refuse } from '../../core/errors.js';
import type { HiddenStatesMode } from '../../core/hidden-states.js';
import { contentSince, type Sent } from '../../engine/content.js';
import type { Generation } from '../../engine/generation.js';
import type { FieldReader } from '../../http/field-reader.js';
import { hiddenMode } from '../native/hidden-fields.js';
import { metaInfo, type MetaInfoOptions } from '../native/meta-info.js';

/** SGLang's additions to the choices of an answer, each only where the request asks for it. */
export interface ExtrasRequest {
  readonly promptTokenIds: boolean;
  readonly tokenIds: boolean;
  readonly metaInfo: boolean;
  /** Null = none. */
  readonly hiddenStates: HiddenStatesMode | null;
  /** `sglext.cached_tokens_details` beside the choices. */
  readonly cachedTokensDetails: boolean;
}

/** @throws RequestError for what a chat's stream cannot bring, in SGLang's words */
export function parseExtras(read: FieldReader, route: 'chat' | 'completions'): ExtrasRequest {
  const asks = (name: string): boolean => read.boolean(name) ?? false;
  const isStream = asks('stream');
  if (isStream && route === 'chat') {
    if (asks('return_prompt_token_ids')) refuse(noStream('return_prompt_token_ids'));
    if (asks('return_token_ids')) refuse(noStream('return_token_ids', ' on /v1/chat/completions'));
  }
  if (isStream && asks('return_meta_info')) refuse(noStream('return_meta_info'));
  const tokenIds = asks('return_token_ids');
  return {
    promptTokenIds: tokenIds || asks('return_prompt_token_ids'),
    tokenIds,
    metaInfo: asks('return_meta_info'),
    hiddenStates: hiddenMode(read.raw('return_hidden_states')),
    cachedTokensDetails: asks('return_cached_tokens_details'),
  };
}

function noStream(name: string, where = ''): string {
  return `${name} is not supported with streaming${where}. Please set stream=false when using ${name}=true.`;
}

/** The additions to one choice since `sent`: the prompt's ids come with the first chunk. */
export function choiceExtras(
  generation: Generation,
  sent: Sent,
  wants: ExtrasRequest,
  options: MetaInfoOptions,
): Readonly<Record<string, unknown>> {
  return {
    ...(wants.promptTokenIds && sent.isFirst
      ? { prompt_token_ids: Array.from(generation.inputIds) }
      : {}),
    ...(wants.tokenIds ? { token_ids: contentSince(generation, sent).outputIds } : {}),
    ...(wants.metaInfo ? { meta_info: metaInfo(generation, options) } : {}),
  };
}

/** Cached prompt tokens by where they were; there is one kind of memory here. */
export function cachedTokensDetails({ cachedTokens }: Generation): object {
  return { cached_tokens_details: { device: cachedTokens, host: 0 } };
}
