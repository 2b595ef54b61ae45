import { RequestError, failureFrom } from '../../core/errors.js';
import type { AnswerSink } from '../../engine/answer-sink.js';
import { askedBy, type Asker } from '../../engine/asker.js';
import { answerGenerate } from '../answer-generate.js';
import { BackgroundRun } from './background-run.js';
import { EventNumbers, type NumberedEvent } from './events.js';
import { followEvents } from './follow.js';
import { keepEnded, keepOrCancel } from './keep.js';
import { KeptResponse } from './kept.js';
import type { Prepared, ResponsesDeps } from './prepare.js';
import { ResponsesRenderer } from './render.js';
import { QUEUED, responseObject, type ResponseObject } from './response.js';
import type { Store } from './store.js';

/** Bytes of events that a run may have gained before the store hears of them. */
const RECOUNT_BYTES = 64 * 1024;

/** Says at once that the response waits; the rest comes for whoever asks for it. @throws RequestError without room */
export function startBackground(
  prepared: Prepared,
  sink: AnswerSink,
  asker: Asker,
  deps: ResponsesDeps,
): void {
  const { request, ask } = prepared;
  const { tokenizer, openAi, store } = deps;
  const queued = responseObject(request, QUEUED);
  const numbers = new EventNumbers();
  const first = ['response.created', 'response.queued'].map((type) =>
    numbers.number({ type, response: queued }),
  );
  const renderer = new ResponsesRenderer(request, ask, {
    tokenizer: tokenizer(),
    numEventsBefore: first.length,
    isCancelled: () => run.isCancelled,
    onEnded: (response) => {
      keeper.end(response);
    },
  });
  const run: BackgroundRun = new BackgroundRun({
    first,
    onEvent: (event) => {
      keeper.see(event);
    },
    failed: (failure) => renderer.failed(failure),
  });
  const keeper = new Keeper(prepared, run, store);
  keeper.begin(queued);
  const generate = { ...askedBy(ask.generate, asker), stream: true };
  answerGenerate(generate, renderer, run, openAi.generation).catch((error: unknown) => {
    if (!(error instanceof RequestError)) deps.onError(error);
    run.fail(failureFrom(error));
  });
  if (request.stream) followEvents(run, sink, -1);
  else sink.answer(queued);
}

/** Keeps what is known of a response while it grows, unless somebody deleted it. */
class Keeper {
  readonly #prepared: Prepared;
  readonly #run: BackgroundRun;
  readonly #store: Store;
  #countedBytes = 0;
  #hasEnded = false;

  constructor(prepared: Prepared, run: BackgroundRun, store: Store) {
    this.#prepared = prepared;
    this.#run = run;
    this.#store = store;
  }

  /** @throws RequestError QUEUE_FULL */
  begin(response: ResponseObject): void {
    this.#store.put(new KeptResponse(response, this.#prepared.turn, this.#run));
  }

  /** An event that changes the response, or one of many that take room. */
  see(event: NumberedEvent): void {
    const kept = this.#kept();
    if (this.#hasEnded || kept === null) return;
    const { response } = event as { readonly response?: ResponseObject };
    const isDue = this.#run.bytes >= this.#countedBytes + RECOUNT_BYTES;
    if (response === undefined && !isDue) return;
    this.#countedBytes = this.#run.bytes;
    const next = new KeptResponse(response ?? kept.response, this.#prepared.turn, this.#run);
    keepOrCancel(next, this.#store);
  }

  end(response: ResponseObject): void {
    this.#hasEnded = true;
    const isKept = this.#kept() !== null;
    keepEnded(response, { ...this.#prepared, run: this.#run, isKept }, this.#store);
  }

  #kept(): KeptResponse | null {
    const { request, turn } = this.#prepared;
    const entry = this.#store.get(turn.tenant, request.id);
    return entry instanceof KeptResponse && entry.run === this.#run ? entry : null;
  }
}
