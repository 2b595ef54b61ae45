import { RequestError, type ErrorCode, type Failure } from '../core/errors.js';
import type { AbortReason } from '../core/finish-reason.js';
import type { EmbedInput, Finished, Output, ReqStats, ToScheduler } from '../messages.js';

/** One tokenized text, or pair of texts, for an embedding model. */
export type EmbedText = Omit<EmbedInput, 'num'>;

/** The model's answer to one text. */
export interface Embedding {
  readonly rid: string;
  /** What was read, special tokens included. */
  readonly tokens: Int32Array;
  /** `[dim]`: a pooled vector, or the logits of a classification head. */
  readonly values: Float32Array;
  readonly stats: ReqStats;
  /** Milliseconds from submission to the answer. */
  readonly latencyMs: number;
}

export interface EmbedCallsOptions {
  readonly post: (message: ToScheduler) => void;
  readonly nowMs: () => number;
  /** Handles and batch ids come from the counters that generate requests use. */
  readonly nextNum: () => number;
  readonly nextBatch: () => number;
}

/** One submitted batch: settles with all of its answers, or with the first failure. */
interface Call {
  readonly batch: number;
  readonly texts: ReadonlyMap<number, EmbedText>;
  readonly startedMs: number;
  readonly values: Map<number, Float32Array>;
  readonly answers: Map<number, Embedding>;
  readonly resolve: (answers: readonly Embedding[]) => void;
  readonly reject: (error: RequestError) => void;
}

/** Embed requests as the main thread sees them: the engine's other half. */
export class EmbedCalls {
  readonly #options: EmbedCallsOptions;
  readonly #live = new Map<number, Call>();
  readonly #rids = new Set<string>();

  constructor(options: EmbedCallsOptions) {
    this.#options = options;
  }

  get numLive(): number {
    return this.#live.size;
  }

  /**
   * Submits a batch, accepted whole or not at all; settles with the answers in order.
   * `onSubmitted` gets the function that gives up on all of them.
   * @throws RequestError
   */
  submit(
    texts: readonly EmbedText[],
    onSubmitted: (abort: () => void) => void,
  ): Promise<readonly Embedding[]> {
    const duplicate = texts.find(({ rid }, i) => this.#rids.has(rid) || ridBefore(texts, i));
    if (duplicate !== undefined) {
      const message = `Duplicate request ID detected: ${duplicate.rid}`;
      return Promise.reject(new RequestError('INVALID_REQUEST', message));
    }
    return new Promise((resolve, reject) => {
      const call: Call = {
        batch: this.#options.nextBatch(),
        texts: new Map(texts.map((text) => [this.#options.nextNum(), text])),
        startedMs: this.#options.nowMs(),
        values: new Map(),
        answers: new Map(),
        resolve,
        reject,
      };
      for (const [num, { rid }] of call.texts) {
        this.#live.set(num, call);
        this.#rids.add(rid);
      }
      const reqs = [...call.texts].map(([num, text]) => ({ num, ...text }));
      this.#options.post({ kind: 'submitEmbed', batch: call.batch, reqs });
      onSubmitted(() => {
        this.#abort(call);
        call.reject(new RequestError('INVALID_REQUEST', 'Aborted'));
      });
    });
  }

  /** @returns false when the batch is none of these. */
  settleBatch(batch: number, failure: Failure | null): boolean {
    const call = [...this.#live.values()].find((one) => one.batch === batch);
    if (call !== undefined && failure !== null) {
      this.#end(call);
      call.reject(new RequestError(failure.code, failure.message));
    }
    return call !== undefined;
  }

  accept({ vectors, finished }: Output): void {
    for (const { num, values } of vectors) this.#live.get(num)?.values.set(num, values);
    for (const ending of finished) {
      const call = this.#live.get(ending.num);
      if (call !== undefined) this.#finish(call, ending);
    }
  }

  /** The scheduler is gone. */
  fail({ code, message }: Failure): void {
    for (const call of new Set(this.#live.values())) {
      this.#end(call);
      call.reject(new RequestError(code, message));
    }
  }

  #finish(call: Call, { num, reason, stats }: Finished): void {
    const text = call.texts.get(num);
    const values = call.values.get(num);
    this.#live.delete(num);
    if (text !== undefined) this.#rids.delete(text.rid);
    if (reason.type === 'abort' || text === undefined || values === undefined) {
      this.#abort(call);
      call.reject(errorOf(reason.type === 'abort' ? reason : NO_VECTOR));
      return;
    }
    const latencyMs = this.#options.nowMs() - call.startedMs;
    const { rid, tokens } = text;
    call.answers.set(num, { rid, tokens, values, stats, latencyMs });
    if (call.answers.size < call.texts.size) return;
    call.resolve([...call.texts.keys()].flatMap((key) => call.answers.get(key) ?? []));
  }

  /** Nobody waits for these any more; their endings are none of ours. */
  #abort(call: Call): void {
    for (const num of this.#end(call)) {
      this.#options.post({ kind: 'abort', ridPrefix: '', num, all: false });
    }
  }

  /** @returns the requests that were still live. */
  #end(call: Call): number[] {
    const live = [...call.texts].filter(([num]) => this.#live.delete(num));
    for (const [, { rid }] of live) this.#rids.delete(rid);
    return live.map(([num]) => num);
  }
}

const NO_VECTOR = { message: 'The device gave no vector.', status_code: 500 };

function ridBefore(texts: readonly EmbedText[], index: number): boolean {
  return texts.findIndex(({ rid }) => rid === texts[index]?.rid) < index;
}

/** A user's own abort leaves nothing to answer with, so it is an error here. */
function errorOf({ message, status_code }: Pick<AbortReason, 'message' | 'status_code'>) {
  const code: ErrorCode = (status_code ?? 400) >= 500 ? 'DEVICE_FAILED' : 'INVALID_REQUEST';
  return new RequestError(code, message);
}
