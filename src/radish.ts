/** A model server inside a program of one's own: `import { Radish } from 'radish-server'`. */
import { failureLines } from './api/failure-lines.js';
import { ask, LocalFailure, type LocalAnswer } from './api/local-answer.js';
import type { CallName } from './api/calls.js';
import type { AssembleOptions, Assembly } from './boot/assemble.js';
import { LoadingProgress } from './boot/loading-progress.js';
import { requireNativeParts } from './boot/native-parts.js';
import { startEarly } from './boot/start-early.js';
import type { OpenPort } from './boot/open-port.js';
import { UsageError } from './config/flag-spec.js';
import { loadHostEnv } from './config/load.js';
import { packageVersion } from './config/package-version.js';
import { StartupError, type Failure } from './core/errors.js';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  Classification,
  Embeddings,
  Generated,
  GeneratedBy,
  Ranked,
} from './library/answers.js';
import { apart, argsOf, logTo, type RadishOptions } from './library/options.js';
import { isStreamed, listenTo } from './library/call.js';
import { errorOf, optionError, startupError } from './library/radish-error.js';
import type {
  ChatRequest,
  ClassifyRequest,
  EmbedRequest,
  GenerateRequest,
  RerankRequest,
} from './library/requests.js';

export { RadishError } from './library/radish-error.js';
export type { RadishOptions, ServerOptions } from './library/options.js';
export type * from './library/answers.js';
export type * from './library/requests.js';

export interface CallOptions {
  /** Aborts the request: the call throws the signal's reason, and nothing of it runs on. */
  readonly signal?: AbortSignal | undefined;
}

export interface ListenOptions {
  /** Default: that of {@link Radish.load}, else 127.0.0.1. */
  readonly host?: string | undefined;
  /** 0 = any free one. Default: that of {@link Radish.load}, else 30000. */
  readonly port?: number | undefined;
}

/** Where a model can be reached over HTTP. */
export interface Address {
  /** Without a slash at its end; OpenAI's clients want `/v1` behind it. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
}

/** How a request asks for its answer as it grows. */
export interface Streamed {
  readonly stream: true;
}

export interface Unstreamed {
  readonly stream?: false | null | undefined;
}

const SHUTTING_DOWN: Failure = { code: 'SHUTTING_DOWN', message: 'The server is shutting down.' };

/**
 * A loaded model with its threads. Requests and answers are those of the HTTP routes, word for word, and share one
 * prefix cache with them. It installs no signal handler, never ends the process, and keeps it alive until
 * {@link close}. Several may live in one process.
 */
export class Radish {
  readonly #assembly: Assembly;
  readonly #options: AssembleOptions;
  readonly #live = new Set<LocalAnswer>();
  #port: Promise<OpenPort> | null = null;
  #closed: Promise<void> | null = null;

  private constructor(assembly: Assembly, options: AssembleOptions) {
    this.#assembly = assembly;
    this.#options = options;
  }

  /**
   * Loads a model; without options the built-in one.
   * @throws RadishError `invalid_option` or `startup_failed`
   */
  static async load(options: RadishOptions = {}): Promise<Radish> {
    const args = argsOf(options);
    const log = logTo(options.onLog, args.logLevel);
    const progress = new LoadingProgress(apart(options.onProgress));
    return asRadishErrors(async () => {
      const env = loadHostEnv();
      const onFailed = failureLines(log);
      return Radish.assembled({ args, env, version: packageVersion(), log, progress, onFailed });
    });
  }

  /** @internal For the command line, which has arguments and a log already. @throws StartupError */
  static async assembled(options: AssembleOptions): Promise<Radish> {
    if (options.startDevice === undefined) await startEarly();
    await requireNativeParts();
    // Whatever is imported with it needs those parts.
    const { assemble } = await import('./boot/assemble.js');
    const assembly = await assemble(options);
    options.progress.finish();
    return new Radish(assembly, options);
  }

  /** The model's name, as `/v1/models` has it. */
  get model(): string {
    return this.#assembly.served.servedName;
  }

  /** `POST /v1/chat/completions`. @throws RadishError, or the signal's reason */
  chat(request: ChatRequest & Streamed, options?: CallOptions): AsyncIterable<ChatCompletionChunk>;
  chat(request: ChatRequest & Unstreamed, options?: CallOptions): Promise<ChatCompletion>;
  chat(
    request: ChatRequest,
    options?: CallOptions,
  ): AsyncIterable<ChatCompletionChunk> | Promise<ChatCompletion> {
    return isStreamed(request)
      ? (this.#events('chat', request, options) as AsyncIterable<ChatCompletionChunk>)
      : (this.#whole('chat', request, options) as Promise<ChatCompletion>);
  }

  /**
   * `POST /generate`: one answer, or a list where the request has several prompts or samples.
   * @throws RadishError, or the signal's reason
   */
  generate(request: GenerateRequest & Streamed, options?: CallOptions): AsyncIterable<Generated>;
  generate<Request extends GenerateRequest & Unstreamed>(
    request: Request,
    options?: CallOptions,
  ): Promise<GeneratedBy<Request>>;
  generate(
    request: GenerateRequest,
    options?: CallOptions,
  ): AsyncIterable<Generated> | Promise<unknown> {
    return isStreamed(request)
      ? (this.#events('generate', request, options) as AsyncIterable<Generated>)
      : this.#whole('generate', request, options);
  }

  /** `POST /v1/embeddings`. @throws RadishError, or the signal's reason */
  async embed(request: EmbedRequest, options?: CallOptions): Promise<Embeddings> {
    return (await this.#whole('embed', request, options)) as Embeddings;
  }

  /** `POST /v1/rerank`: the best document first. @throws RadishError, or the signal's reason */
  async rerank(request: RerankRequest, options?: CallOptions): Promise<readonly Ranked[]> {
    return (await this.#whole('rerank', request, options)) as readonly Ranked[];
  }

  /** `POST /v1/classify`. @throws RadishError, or the signal's reason */
  async classify(request: ClassifyRequest, options?: CallOptions): Promise<Classification> {
    return (await this.#whole('classify', request, options)) as Classification;
  }

  /** Serves every route of `radish serve` beside the calls of this program. @throws RadishError */
  async listen(options: ListenOptions = {}): Promise<Address> {
    if (this.#closed !== null) throw errorOf(SHUTTING_DOWN);
    if (this.#port !== null) throw optionError('This model listens already.', null);
    this.#port = asRadishErrors(() => this.#open(options));
    try {
      const { url, host, port } = await this.#port;
      return { url, host, port };
    } catch (error) {
      this.#port = null;
      throw error;
    }
  }

  /**
   * Ends it all, and waits for the step that runs. Requests that are not answered yet fail with a `RadishError` of
   * status 503, or, with `drain`, are answered first, unless it is called again without.
   */
  close({ drain = false }: { readonly drain?: boolean } = {}): Promise<void> {
    this.#closed ??= this.#close();
    if (!drain) this.#abortAll();
    return this.#closed;
  }

  async #whole(name: CallName, body: object, options?: CallOptions): Promise<unknown> {
    for await (const answer of this.#events(name, body, options)) return answer;
    throw errorOf({ code: 'INTERNAL', message: 'There was no answer.' });
  }

  /** Begins when its first event is asked for; `return()` ends it at once, while an event is waited for too. */
  #events(name: CallName, body: object, options?: CallOptions | null): AsyncIterable<unknown> {
    let leave = (): void => undefined;
    const events = this.#asked(name, body, options, (answer) => {
      leave = () => {
        answer.leave();
      };
    });
    // A generator's own would wait for the event.
    const end = events.return.bind(events);
    events.return = (value) => {
      leave();
      return end(value);
    };
    return events;
  }

  async *#asked(
    name: CallName,
    body: object,
    options: CallOptions | null | undefined,
    onAsked: (answer: LocalAnswer) => void,
  ): AsyncGenerator<unknown, void> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    if (this.#closed !== null) throw errorOf(SHUTTING_DOWN);
    const answer = ask(this.#assembly.app.calls[name], body);
    onAsked(answer);
    const cancel = (): void => {
      answer.cancel(signal?.reason);
    };
    if (signal) listenTo(signal, cancel);
    this.#live.add(answer);
    try {
      for (let next = await answer.next(); next !== null; next = await answer.next()) {
        yield next.value;
      }
    } catch (error) {
      throw error instanceof LocalFailure ? errorOf(error.failure, error.cause) : error;
    } finally {
      answer.leave();
      this.#live.delete(answer);
      signal?.removeEventListener('abort', cancel);
    }
  }

  async #open(options: ListenOptions): Promise<OpenPort> {
    const { openPort } = await import('./boot/open-port.js');
    const { args, log, onFailed } = this.#options;
    const { host = args.host, port = args.port } = options;
    // Only they are new, and checked.
    argsOf({ host, port });
    const given = { ...args, host, port };
    const open = await openPort({ args: given, log, progress: () => 1, onFailed });
    open.open(this.#assembly);
    return open;
  }

  #abortAll(): void {
    for (const answer of this.#live) answer.cancel(errorOf(SHUTTING_DOWN));
    this.#assembly.app.abortAll(SHUTTING_DOWN.message);
  }

  async #close(): Promise<void> {
    const { app, broken } = this.#assembly;
    const ended = app.beginDrain();
    await Promise.race([ended, broken]);
    app.closeSockets();
    // One that could not be opened has told whoever opened it.
    const port = await this.#port?.catch(() => null);
    port?.close();
    await this.#assembly.end();
  }
}

/** What goes wrong at the start, as this library spells it. */
async function asRadishErrors<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof StartupError) throw startupError(error.message);
    throw error instanceof UsageError ? optionError(error.message, null) : error;
  }
}
