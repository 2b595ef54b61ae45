import { nothingSent, type Sent } from '../../engine/content.js';
import type { Generation } from '../../engine/generation.js';
import type { ServedWeights } from '../../engine/served-weights.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import type { AnswerRenderer } from '../answer-generate.js';
import { cacheInfo } from '../native/cache-info.js';
import { cachedTokensDetails, choiceExtras } from './choice-extras.js';
import { hiddenOfChoice } from './hidden-states.js';
import type { Choice, OpenAiRequest } from './request.js';
import { usageOf, type Usage } from './usage.js';

export interface OpenAiRenderOptions {
  readonly weights: ServedWeights;
  readonly tokenizer: Tokenizer | null;
  readonly context: { readonly dpSize: number };
  /** `--enable-cache-report` */
  readonly cacheReport: boolean;
}

/** The objects of OpenAI's routes around their `choices`: a whole answer, or a stream's chunks. */
export class OpenAiRenderer implements AnswerRenderer {
  /** One sample's failure is an error of the whole stream. */
  readonly failsWhole = true;
  readonly #request: OpenAiRequest;
  readonly #options: OpenAiRenderOptions;
  readonly #created = Math.floor(Date.now() / 1000);

  constructor(request: OpenAiRequest, options: OpenAiRenderOptions) {
    this.#request = request;
    this.#options = options;
  }

  whole(generations: readonly Generation[]): unknown {
    const { choices } = this.#request;
    const { weights } = this.#options;
    return {
      ...this.#envelope(choices.object),
      choices: generations.map((one, index) => ({
        ...choices.whole(one, index),
        ...hiddenOfChoice(one, this.#request.extras.hiddenStates),
        ...this.#extras(one, nothingSent(0)),
      })),
      usage: this.#usage(generations),
      metadata: { weight_version: weights.versionOf(generations[0]?.weightsEpoch ?? null) },
      ...this.#sglext(generations),
    };
  }

  chunks(generation: Generation, index: number, sent: Sent): readonly unknown[] {
    const [first, ...others] = this.#request.choices.chunks(generation, index, sent);
    if (first === undefined) return [];
    const extended = { ...first, ...this.#extras(generation, sent) };
    return [extended, ...others].map((choice) => this.#chunk(choice, generation));
  }

  /** Over HTTP one chunk more for each wish beside the choices; an ending that is told apart has all of it itself. */
  closing(
    last: unknown,
    generations: readonly Generation[],
    marksEnd: boolean,
  ): readonly unknown[] {
    const usage = this.#usage(generations);
    const beside = this.#sglext(generations);
    const hidden = this.#hidden(generations);
    if (marksEnd) return [...hidden, { ...(last as object), ...beside, usage }];
    const bare = { ...this.#envelope(this.#request.choices.chunkObject), choices: [] };
    return [
      last,
      ...hidden,
      ...(Object.keys(beside).length > 0 ? [{ ...bare, ...beside }] : []),
      ...(this.#request.includeUsage ? [{ ...bare, usage: withoutNulls(usage) }] : []),
    ];
  }

  #extras(generation: Generation, sent: Sent): Choice {
    const { weights, tokenizer, context } = this.#options;
    const options = { weights, tokenizer, logprobTokenizer: null, showDpRank: context.dpSize > 1 };
    return choiceExtras(generation, sent, this.#request.extras, options);
  }

  /** A chunk for each sample that has any. */
  #hidden(generations: readonly Generation[]): readonly unknown[] {
    const { choices, extras, includeUsage } = this.#request;
    return generations.flatMap((one, index) => {
      const part = hiddenOfChoice(one, extras.hiddenStates);
      if (part.hidden_states === undefined || one.outputIds.length === 0) return [];
      const chunk = {
        ...this.#envelope(choices.chunkObject),
        choices: [choices.beside(index, part)],
      };
      return [includeUsage ? { ...chunk, usage: null } : chunk];
    });
  }

  /** What the first sample says for all of them; of several prompts each one's first for `cache_info`. */
  #sglext(generations: readonly Generation[]): Choice {
    const [first] = generations;
    const { cachedTokensDetails: wantsDetails } = this.#request.extras;
    const wantsInfo = first?.input.req.explainsMiss === true;
    if (first === undefined || !(wantsDetails || wantsInfo)) return {};
    return {
      sglext: {
        ...(wantsDetails ? cachedTokensDetails(first) : {}),
        ...(wantsInfo ? { cache_info: this.#cacheInfo(generations) } : {}),
      },
    };
  }

  #cacheInfo(generations: readonly Generation[]): unknown {
    const { tokenizer } = this.#options;
    const infos = generations
      .filter((_, i) => i % this.#numSamples === 0)
      .map((one) => cacheInfo(one, tokenizer));
    return infos.length === 1 ? infos[0] : infos;
  }

  /** Of one prompt. */
  get #numSamples(): number {
    return this.#request.generate.entries[0]?.rids.length ?? 1;
  }

  #chunk(choice: unknown, generation: Generation): unknown {
    const { choices, includeUsage, continuousUsage } = this.#request;
    const chunk = { ...this.#envelope(choices.chunkObject), choices: [choice] };
    if (continuousUsage) return { ...chunk, usage: this.#usage([generation]) };
    return includeUsage ? { ...chunk, usage: null } : chunk;
  }

  #envelope(object: string): Readonly<Record<string, unknown>> {
    const { generate, model } = this.#request;
    return { id: generate.entries[0]?.rids[0] ?? '', object, created: this.#created, model };
  }

  #usage(generations: readonly Generation[]): Usage {
    return usageOf(generations, { n: this.#numSamples, cacheReport: this.#options.cacheReport });
  }
}

/** SGLang leaves null keys out of the chunk of a stream's usage. */
function withoutNulls(usage: Usage): Choice {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null));
}
