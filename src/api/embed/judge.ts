import { RequestError } from '../../core/errors.js';
import { isFailure } from '../../core/finish-reason.js';
import { askGenerate, type GenerateAsk } from '../../engine/ask.js';
import type { Generation } from '../../engine/generation.js';
import type { ServedModel } from '../../engine/served-model.js';
import type { ChatTemplate } from '../../text/chat-template.js';
import { Dict } from '../../text/jinja/values.js';
import { parseGenerateRequest } from '../native/generate-request.js';
import type { GenerateDeps } from '../native/generate.js';
import { labelLogprobs, oneTokenBody } from './score.js';
import type { RerankRequest, Scored } from './scored.js';
import { softmax } from './softmax.js';

/** A model that generates, whose template asks whether a document answers a query: its next token is the judgement. */
export interface Judge {
  readonly template: ChatTemplate;
  /** Ids of the tokens that mean yes and no. */
  readonly labels: readonly [yes: number, no: number];
}

/** What a template says when it asks for a judgement, in lower case, and the words that it allows. */
const WORDINGS: readonly {
  readonly phrases: readonly string[];
  readonly words: readonly [yes: string, no: string];
}[] = [
  { phrases: ['answer can only be', '"yes"', '"no"'], words: ['yes', 'no'] },
  { phrases: ['0 for not relevant, 1 for relevant'], words: ['1', '0'] },
];

/** Null = the model's template asks for no judgement, or the model makes vectors. */
export async function judgeOf({
  spec,
  chatTemplate,
  tokenizer,
}: ServedModel): Promise<Judge | null> {
  if (spec.embedding !== null || chatTemplate === null || tokenizer === null) return null;
  const source = chatTemplate.source.toLowerCase();
  const wording = WORDINGS.find(({ phrases }) => phrases.every((one) => source.includes(one)));
  if (wording === undefined) return null;
  const [yes = [], no = []] = await Promise.all(
    wording.words.map(async (word) => [...(await tokenizer.encode(word, false))]),
  );
  const [labels] = yes.length === 1 && no.length === 1 ? [[...yes, ...no]] : [];
  if (labels === undefined) return null;
  return { template: chatTemplate, labels: labels as [number, number] };
}

/**
 * How probable yes is against no as the token behind query and document, as SGLang scores; `render` gets the best first.
 * @throws RequestError
 */
export function askJudge(
  { query, documents, instruct }: RerankRequest,
  { template, labels }: Judge,
  deps: GenerateDeps,
  render: (scored: readonly Scored[]) => unknown,
): GenerateAsk {
  const kwargs = Dict.of(instruct === null ? [] : [['instruct', instruct]]);
  const text = documents.map((document) => {
    const messages = [query, document].map((content) =>
      Dict.of([
        ['role', 'user'],
        ['content', content],
      ]),
    );
    return template.render({ messages, addGenerationPrompt: true, kwargs });
  });
  const request = parseGenerateRequest(oneTokenBody({ text }, labels), deps.context);
  return askGenerate(request, deps, {
    mode: 'whole',
    render: (generations) => {
      const scored = generations.map((one, index) => ({
        index,
        score: softmax(labelLogprobs(one, labels))[0] ?? 0,
        answer: answerOf(one),
      }));
      return render(scored.sort((a, b) => b.score - a.score));
    },
    isFatal: isFailure,
  });
}

function answerOf({ input, weightsEpoch, createdMs, finishedMs }: Generation): Scored['answer'] {
  const { rid, inputIds } = input.req;
  if (finishedMs === null) throw new RequestError('DEVICE_FAILED', 'The device gave no answer.');
  return { rid, tokens: inputIds, weightsEpoch, latencyMs: finishedMs - createdMs };
}
