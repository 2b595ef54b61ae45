import type { ExpertDump } from '../core/expert-recording.js';
import type {
  CacheQuestion,
  ExpertAction,
  Knobs,
  RequestsRead,
  StateRead,
  StepTimed,
  ToMain,
  ToScheduler,
} from '../messages.js';
import { Feed } from './feed.js';
import { Replies } from './replies.js';

/** How long an answer may take. */
const TIMEOUT_MS = 10_000;

/** Messages of the scheduler that concern no request. */
export type DeskMessage = Extract<
  ToMain,
  {
    kind: 'cacheFlushed' | 'expertsRecorded' | 'questionFailed' | 'requestsRead' | 'stateRead';
  }
>;

/** What the scheduler is asked and told beside requests. */
export class SchedulerDesk {
  readonly #post: (message: ToScheduler) => void;
  /** Every step of every device; the scheduler reports them only while somebody listens. */
  readonly steps = new Feed<StepTimed>((isListened) => {
    this.#post({ kind: 'profile', isOn: isListened });
  });
  readonly #states = new Replies<StateRead>(TIMEOUT_MS);
  readonly #requests = new Replies<RequestsRead>(TIMEOUT_MS);
  readonly #flushes = new Replies<string | null>(TIMEOUT_MS);
  readonly #experts = new Replies<ExpertDump | null>(TIMEOUT_MS);

  constructor(post: (message: ToScheduler) => void) {
    this.#post = post;
  }

  readState(): Promise<StateRead> {
    return this.#states.ask((id) => {
      this.#post({ kind: 'readState', id });
    });
  }

  /** Which requests wait and run. */
  readRequests(): Promise<RequestsRead> {
    return this.#requests.ask((id) => {
      this.#post({ kind: 'readRequests', id });
    });
  }

  /** @returns null, or why the cache was not flushed. */
  flushCache(): Promise<string | null> {
    return this.#flushes.ask((id) => {
      this.#post({ kind: 'flushCache', id });
    });
  }

  /** @returns what was recorded, for a dump; else null. */
  recordExperts(action: ExpertAction): Promise<ExpertDump | null> {
    return this.#experts.ask((id) => {
      this.#post({ kind: 'recordExperts', id, action });
    });
  }

  setKnobs(knobs: Knobs): void {
    this.#post({ kind: 'setKnobs', knobs });
  }

  receive(message: DeskMessage): void {
    switch (message.kind) {
      case 'cacheFlushed':
        this.#flushes.answer(message.id, message.failure);
        break;
      case 'expertsRecorded':
        this.#experts.answer(message.id, message.dump);
        break;
      case 'questionFailed':
        this.#waitingFor(message.question.op).fail(message.question.id, message.message);
        break;
      case 'stateRead':
        this.#states.answer(message.id, message);
        break;
      case 'requestsRead':
        this.#requests.answer(message.id, message);
    }
  }

  #waitingFor(op: CacheQuestion['op']): Pick<Replies<unknown>, 'fail'> {
    const waiting = { flush: this.#flushes, read: this.#states, experts: this.#experts };
    return waiting[op];
  }
}
