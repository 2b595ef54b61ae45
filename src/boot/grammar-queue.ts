import { asError, type Failure } from '../core/errors.js';
import { grammarKey, type GrammarSpec } from '../core/grammar.js';
import type { GrammarPrepared, PrepareGrammar } from '../messages.js';

/** A grammar that is not compiled by then is given up, and the thread with it. */
export const COMPILE_TIMEOUT_MS = 10_000;
/** Compiling goes on that long for nobody while others wait: whoever left may ask again. */
export const UNWANTED_MS = 500;
/** Grammars that wait to be compiled, that of many requests counted once. */
export const MAX_WAITING = 1024;
/** Threads that may die of unknown causes while they compile one grammar. */
const MAX_CRASHES = 2;

const FULL: Failure = { code: 'QUEUE_FULL', message: 'The request queue is full.' };
const CRASHED: Failure = {
  code: 'INTERNAL',
  message: 'The grammar thread failed: please try again.',
};

export interface GrammarQueueOptions {
  /** Told why the thread must end that compiles: {@link GrammarQueue.begin} is called with the next one. */
  readonly onStuck: (reason: string) => void;
}

interface Waiter {
  readonly resolve: (failure: string | null) => void;
  readonly reject: (error: Error) => void;
}

/** One grammar, for all requests that wait for it. */
interface Compile {
  readonly spec: GrammarSpec;
  readonly waiters: Set<Waiter>;
  numCrashes: number;
}

/** What the thread works on. */
interface Running {
  readonly id: number;
  readonly key: string;
  readonly compile: Compile;
  readonly overdue: NodeJS.Timeout;
}

/**
 * Grammars in the order in which they are compiled. The thread has one at a time, so that it is known which one it
 * cannot stand; the others are none the worse when it is replaced, and those that everybody left are never compiled.
 */
export class GrammarQueue {
  readonly #options: GrammarQueueOptions;
  /** By key, in order. The first one is with the thread, if any is. */
  readonly #compiles = new Map<string, Compile>();
  #running: Running | null = null;
  /** Runs while nobody waits for what is compiled, and others wait behind it. */
  #unwanted: NodeJS.Timeout | undefined;
  #post: ((message: PrepareGrammar) => void) | null = null;
  #nextId = 1;

  constructor(options: GrammarQueueOptions) {
    this.#options = options;
  }

  /**
   * @param nobodyWaits settles it with null, whatever the grammar is
   * @returns what is wrong with the grammar, or null
   * @throws RequestError QUEUE_FULL; INTERNAL where threads died of it
   */
  async prepare(spec: GrammarSpec, nobodyWaits: AbortSignal): Promise<string | null> {
    if (nobodyWaits.aborted) return null;
    const key = grammarKey(spec);
    const compile = this.#compiles.get(key) ?? this.#add(key, spec);
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      compile.waiters.add(waiter);
      const leave = (): void => {
        resolve(null);
        if (compile.waiters.delete(waiter)) this.#left(key, compile);
      };
      nobodyWaits.addEventListener('abort', leave, { once: true });
      this.#goOn();
    });
  }

  /** A thread takes grammars from now on. */
  begin(post: (message: PrepareGrammar) => void): void {
    this.#post = post;
    this.#goOn();
  }

  answered({ id, failure }: GrammarPrepared): void {
    if (id !== this.#running?.id) return;
    this.#finish(({ resolve }) => {
      resolve(failure);
    });
    this.#goOn();
  }

  /** The thread is gone, for a reason that need not be the grammar that it compiled: another one tries that again. */
  crashed(): void {
    this.#post = null;
    if (this.#running === null) return;
    const { compile } = this.#running;
    compile.numCrashes++;
    if (compile.numCrashes >= MAX_CRASHES || compile.waiters.size === 0) {
      this.#finish(({ reject }) => {
        reject(asError(CRASHED));
      });
    } else this.#noneRuns();
  }

  /** No thread comes any more. */
  fail(error: Error): void {
    this.#post = null;
    this.#noneRuns();
    const compiles = [...this.#compiles.values()];
    this.#compiles.clear();
    for (const { waiters } of compiles) for (const { reject } of waiters) reject(error);
  }

  #add(key: string, spec: GrammarSpec): Compile {
    if (this.#compiles.size >= MAX_WAITING) throw asError(FULL);
    const compile: Compile = { spec, waiters: new Set(), numCrashes: 0 };
    this.#compiles.set(key, compile);
    return compile;
  }

  #left(key: string, compile: Compile): void {
    const isRunning = this.#running?.compile === compile;
    if (compile.waiters.size === 0 && !isRunning) this.#compiles.delete(key);
    this.#goOn();
  }

  /** The thread gets the next grammar where it has none, and time for the one it has where somebody wants that. */
  #goOn(): void {
    if (this.#running === null) this.#run();
    const isUnwanted = this.#running?.compile.waiters.size === 0 && this.#compiles.size > 1;
    if (!isUnwanted) {
      clearTimeout(this.#unwanted);
      this.#unwanted = undefined;
      return;
    }
    this.#unwanted ??= setTimeout(() => {
      this.#giveUp('nobody waits for the grammar that it compiles');
    }, UNWANTED_MS);
  }

  #run(): void {
    const [first] = this.#compiles;
    if (first === undefined || this.#post === null) return;
    const [key, compile] = first;
    const id = this.#nextId++;
    const overdue = setTimeout(() => {
      this.#giveUp('a grammar took too long to compile');
    }, COMPILE_TIMEOUT_MS);
    this.#running = { id, key, compile, overdue };
    this.#post({ kind: 'prepare', id, spec: compile.spec });
  }

  #giveUp(reason: string): void {
    this.#post = null;
    this.#finish(({ resolve }) => {
      resolve('Grammar preprocessing timed out.');
    });
    this.#options.onStuck(reason);
  }

  /** What was compiled leaves the queue. */
  #finish(settle: (waiter: Waiter) => void): void {
    const running = this.#running;
    if (running === null) return;
    this.#noneRuns();
    this.#compiles.delete(running.key);
    for (const waiter of running.compile.waiters) settle(waiter);
    running.compile.waiters.clear();
  }

  /** Nothing is compiled now. */
  #noneRuns(): void {
    clearTimeout(this.#running?.overdue);
    clearTimeout(this.#unwanted);
    this.#unwanted = undefined;
    this.#running = null;
  }
}
