import { loadHostEnv, type LoadedArgs } from '../../config/load.js';
import { LoadingProgress } from '../../boot/loading-progress.js';
import { logLevelOf, type Logger } from '../../observability/logger.js';
import type { Radish } from '../../radish.js';
import type { TextOutput } from '../command.js';
import { terminalLog } from '../terminal-log.js';
import type { AnswerOptions, ChatBackend, ChatDelta, ChatMessage } from './backend.js';
import { ClientError } from './client-error.js';
import { deltasOf } from './deltas.js';
import { nativeFields } from './native-fields.js';

export interface LocalOptions extends LoadedArgs {
  /** Its log: warnings, and a bar while it loads. */
  readonly err: TextOutput;
  readonly version: string;
}

/** Loads a model into this process. @throws StartupError */
export async function loadHere(options: LocalOptions): Promise<ChatBackend> {
  const { args, warnings, version } = options;
  const env = loadHostEnv();
  const log = quietLog(options);
  for (const warning of warnings) log.warn(warning);
  // With all its threads: a command that asks a server needs none of them.
  const library = await import('../../radish.js');
  const progress = new LoadingProgress();
  // What fails is told to whoever asked.
  const onFailed = (): void => undefined;
  const radish = await library.Radish.assembled({ args, env, version, log, progress, onFailed });
  return new LocalBackend(radish);
}

/** What is below a warning would stand between questions and answers; bars are gone by then. */
function quietLog({ err, args }: LocalOptions): Logger {
  const { logLevel, logFormat: format } = args;
  if (logLevel !== 'info') return terminalLog(err, { level: logLevelOf(logLevel), format });
  return terminalLog(err, { level: 'warn', format, showsBars: true });
}

/** A model of this process, asked as its HTTP routes are. */
class LocalBackend implements ChatBackend {
  readonly #radish: Radish;

  constructor(radish: Radish) {
    this.#radish = radish;
  }

  chat(
    messages: readonly ChatMessage[],
    { fields }: AnswerOptions,
    signal: AbortSignal,
  ): AsyncIterable<ChatDelta> {
    const request = {
      ...fields,
      messages: messages.map(({ role, content }) => ({ role, content })),
      stream: true,
      stream_options: { include_usage: true },
      return_cached_tokens_details: true,
    } as const;
    return deltasOf(asked(this.#radish.chat(request, { signal }), signal));
  }

  complete(
    prompt: string,
    { fields }: AnswerOptions,
    signal: AbortSignal,
  ): AsyncIterable<ChatDelta> {
    const request = { text: prompt, sampling_params: nativeFields(fields), stream: true } as const;
    return pieces(asked(this.#radish.generate(request, { signal }), signal));
  }

  describe(): string {
    return `${this.#radish.model} in this process`;
  }

  async close(): Promise<void> {
    await this.#radish.close();
  }
}

/** Its failures as a server's. */
async function* asked<Event>(
  events: AsyncIterable<Event>,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  try {
    yield* events;
  } catch (error) {
    signal.throwIfAborted();
    // Only a bug of ours has a cause: its stack is worth more than a sentence.
    if (!(error instanceof Error) || error.name !== 'RadishError' || error.cause !== undefined) {
      throw error;
    }
    throw new ClientError(error.message, (error as Error & { status?: number }).status ?? null);
  }
}

interface NativeEvent {
  readonly text: string;
  readonly meta_info: {
    readonly finish_reason: { readonly type: string } | null;
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly cached_tokens: number;
  };
}

/** `/generate` sends all of the text each time. */
async function* pieces(events: AsyncIterable<NativeEvent>): AsyncGenerator<ChatDelta> {
  let length = 0;
  for await (const { text, meta_info: meta } of events) {
    if (text.length > length) yield { kind: 'text', text: text.slice(length) };
    length = text.length;
    if (meta.finish_reason === null) continue;
    const usage = {
      promptTokens: meta.prompt_tokens,
      completionTokens: meta.completion_tokens,
      cachedTokens: meta.cached_tokens,
    };
    yield { kind: 'end', finishReason: meta.finish_reason.type, usage };
  }
}
