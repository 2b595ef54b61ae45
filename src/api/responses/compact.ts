import type { AnswerSink } from '../../engine/answer-sink.js';
import { askedBy, type Asker } from '../../engine/asker.js';
import { nothingSent } from '../../engine/content.js';
import type { ContentPlan } from '../../engine/content-plan.js';
import type { Generation } from '../../engine/generation.js';
import { fieldOf, type JsonObject } from '../../http/json.js';
import { answerGenerate, type AnswerRenderer } from '../answer-generate.js';
import { askedCacheInfo } from '../native/cache-info.js';
import { SamplePieces } from '../openai/sample-pieces.js';
import { refuseForm } from './errors.js';
import { newId } from './ids.js';
import type { Item } from './item.js';
import { userMessage } from './parse-items.js';
import { prepare, type ResponsesDeps } from './prepare.js';
import { usageOf } from './response.js';
import { seal } from './sealed-text.js';

const WISH =
  'Summarize our conversation so far for whoever continues it: goals, facts, decisions, open tasks.';

/** `POST /v1/responses/compact`: the user's messages, and the model's own summary of all, sealed. @throws RequestError */
export async function compact(
  body: JsonObject,
  sink: AnswerSink,
  asker: Asker,
  deps: ResponsesDeps,
): Promise<void> {
  if (fieldOf(body, 'model') === null) refuseForm('model', 'model is required.');
  const more = [userMessage(WISH)];
  const { turn, ask, request } = await prepare(body, asker, deps, { more });
  const asked = { ...askedBy(ask.generate, asker), stream: false };
  const isUsers = (item: Item): boolean => item.type === 'message' && item.role === 'user';
  const renderer = new Compaction(ask.plan, (summary, generation) => ({
    id: request.id,
    object: 'response.compaction',
    created_at: request.createdAt,
    output: [...turn.all().filter(isUsers), compactionItem(summary)],
    usage: usageOf(generation),
    ...askedCacheInfo(generation, deps.tokenizer()),
  }));
  await answerGenerate(asked, renderer, sink, deps.openAi.generation);
}

function compactionItem(summary: string): Item {
  const sealed = seal('compaction', summary);
  return { id: newId('cmp'), type: 'compaction', encrypted_content: sealed };
}

/** The text of a sample, in a whole answer. */
class Compaction implements AnswerRenderer {
  readonly failsWhole = true;
  readonly #pieces: SamplePieces;
  readonly #show: (summary: string, generation: Generation) => unknown;

  constructor(plan: ContentPlan, show: (summary: string, generation: Generation) => unknown) {
    this.#pieces = new SamplePieces(plan);
    this.#show = show;
  }

  whole([generation]: readonly Generation[]): unknown {
    if (generation === undefined) throw new Error('A summary has one sample.');
    const pieces = this.#pieces.since(generation, nothingSent(0));
    const texts = pieces.map((piece) => (piece.kind === 'text' ? piece.text : ''));
    return this.#show(texts.join('').trim(), generation);
  }

  /** It is asked for whole. */
  chunks(): readonly unknown[] {
    return [];
  }

  closing(last: unknown): readonly unknown[] {
    return [last];
  }
}
