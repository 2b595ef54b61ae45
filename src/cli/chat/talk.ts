import { UsageError } from '../../config/flag-spec.js';
import { AnswerClock, statsLine } from '../client/answer-clock.js';
import type { ChatBackend } from '../client/backend.js';
import { ClientError } from '../client/client-error.js';
import type { OnInterrupt } from '../client/interrupts.js';
import { isClosed } from '../client/terminal-text.js';
import { waitingTo } from '../client/waiting.js';
import { EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK } from '../exit-codes.js';
import type { ConversationFile } from './conversation-file.js';
import type { Conversation } from './conversation.js';
import type { ChatInput, Typed } from './input.js';
import type { Screen } from './screen.js';
import type { Settings } from './settings.js';
import { runSlashCommand } from './slash-commands.js';

export interface TalkParts {
  readonly backend: ChatBackend;
  readonly input: ChatInput;
  readonly screen: Screen;
  readonly conversation: Conversation;
  readonly settings: Settings;
  readonly file: ConversationFile;
  readonly onInterrupt: OnInterrupt;
}

/** A conversation from its first message to its end. @returns the exit code */
export async function talk(parts: TalkParts): Promise<number> {
  return new Talk(parts).run();
}

class Talk {
  readonly #parts: TalkParts;
  /** Ctrl-C was pressed at the prompt, and nothing was typed since. */
  #isWarned = false;
  /** Something went wrong that nobody sat there to see. */
  #hasFailed = false;

  constructor(parts: TalkParts) {
    this.#parts = parts;
  }

  async run(): Promise<number> {
    const { input, screen } = this.#parts;
    for (;;) {
      const typed = await input.next();
      const code = await this.#take(typed);
      if (code !== null) return code;
      if (isClosed(screen.output)) return EXIT_OK;
    }
  }

  /** @returns the exit code where it ends here */
  async #take(typed: Typed): Promise<number | null> {
    const wasWarned = this.#isWarned;
    this.#isWarned = typed.kind === 'interrupt';
    switch (typed.kind) {
      case 'end':
        return this.#endCode();
      case 'interrupt':
        if (wasWarned) return EXIT_INTERRUPTED;
        this.#parts.screen.note('Ctrl-C again leaves, and so does /bye.');
        return null;
      case 'command':
        return this.#command(typed.text);
      case 'message':
        return this.#ask(typed.text);
    }
  }

  #endCode(): number {
    return this.#hasFailed && !this.#parts.screen.isInteractive ? EXIT_FAILED : EXIT_OK;
  }

  async #command(line: string): Promise<number | null> {
    const { backend, screen } = this.#parts;
    try {
      const outcome = runSlashCommand(line, { ...this.#parts, model: backend.describe() });
      if (outcome.kind === 'leave') return this.#endCode();
      if (outcome.kind === 'ask') return await this.#ask(outcome.question);
      for (const one of outcome.lines) screen.note(one);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.#hasFailed = true;
      screen.problem(error.message);
    }
    return null;
  }

  /** @returns the exit code where Ctrl-C ends more than the answer */
  async #ask(question: string): Promise<number | null> {
    const { screen, conversation, onInterrupt } = this.#parts;
    const stop = new AbortController();
    const giveBack = onInterrupt(() => {
      stop.abort();
    });
    const clock = new AnswerClock();
    const answer = new Answer();
    try {
      await this.#stream(question, { signal: stop.signal, clock, answer });
      screen.endAnswer();
      conversation.answer(answer.text, true);
      this.#remark(clock, answer);
    } catch (error) {
      screen.endAnswer();
      conversation.answer(answer.text, false);
      if (!stop.signal.aborted && !(error instanceof ClientError)) throw error;
      if (stop.signal.aborted) screen.note('Stopped.');
      else this.#failed(error as ClientError, answer);
    } finally {
      giveBack();
    }
    return stop.signal.aborted && !screen.isInteractive ? EXIT_INTERRUPTED : null;
  }

  async #stream(
    question: string,
    { signal, clock, answer }: { signal: AbortSignal; clock: AnswerClock; answer: Answer },
  ): Promise<void> {
    const { backend, screen, conversation, settings } = this.#parts;
    const onWait = waitingTo((sentence) => {
      screen.problem(sentence);
    });
    const options = { fields: settings.fields, onWait };
    for await (const delta of backend.chat(conversation.ask(question), options, signal)) {
      signal.throwIfAborted();
      clock.take(delta);
      if (delta.kind === 'end') answer.finishReason = delta.finishReason;
      else if (delta.kind === 'reasoning') {
        if (settings.view.reasoning) screen.reasoning(delta.text);
      } else {
        answer.text += delta.text;
        screen.text(delta.text);
      }
      if (isClosed(screen.output)) return;
    }
  }

  #remark(clock: AnswerClock, { finishReason }: Answer): void {
    const { screen, settings } = this.#parts;
    if (finishReason === 'length') screen.note('(cut off: /set max_tokens lets it be longer)');
    if (settings.view.stats) screen.note(`[${statsLine(clock.stats())}]`);
  }

  #failed(error: ClientError, { text }: Answer): void {
    const { screen } = this.#parts;
    this.#hasFailed = true;
    const kept = text === '' ? '' : ' What came of the answer is kept.';
    screen.problem(error.message);
    screen.note(`/retry asks again.${kept}`);
  }
}

/** What came of an answer so far. */
class Answer {
  text = '';
  finishReason: string | null = null;
}
