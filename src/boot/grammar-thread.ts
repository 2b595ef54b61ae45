import { MessageChannel, Worker } from 'node:worker_threads';
import { createHeart } from '../actor/heart.js';
import { Port } from '../actor/port.js';
import { RequestError } from '../core/errors.js';
import type { GrammarSpec } from '../core/grammar.js';
import { MaskBoard, type MaskBoardShape } from '../core/mask-board.js';
import type { VocabularyBytes } from '../core/vocabulary-bytes.js';
import type { DeviceHandle } from '../device/pool.js';
import type { GrammarCompiler } from '../engine/grammars.js';
import type { JsonSpace } from '../grammar/compile.js';
import type { GrammarPrepared, ToGrammars } from '../messages.js';
import type { Logger } from '../observability/logger.js';
import { Watchdog } from './watchdog.js';

/** A grammar that is not compiled by then is given up, and the thread with it. */
export const PREPARE_TIMEOUT_MS = 10_000;
/** Silence after which the thread is replaced. */
const SILENCE_MS = 10_000;
/** Grammars that wait to be compiled. */
export const MAX_WAITING = 1024;

export interface GrammarThreadOptions {
  /** Read once, at the first grammar. */
  readonly vocabulary: () => Promise<VocabularyBytes>;
  /** Of every device. */
  readonly board: MaskBoardShape;
  readonly space: JsonSpace;
  readonly log: Pick<Logger, 'warn'>;
}

interface Waiting {
  readonly resolve: (failure: string | null) => void;
  readonly reject: (error: RequestError) => void;
  readonly timer: NodeJS.Timeout;
}

interface Thread {
  readonly worker: Worker;
  readonly port: Port<ToGrammars, GrammarPrepared>;
  /** Its silence is nobody's business any more. */
  readonly unwatch: () => void;
}

/**
 * The grammar thread as main sees it. It starts with the first grammar. It has no native code, so that one
 * which fails, hangs or takes too long is ended, and another takes its place: devices tell it all again.
 */
export class GrammarThread implements GrammarCompiler {
  readonly #options: GrammarThreadOptions;
  readonly #watchdog: Watchdog;
  readonly #devices = new Set<DeviceHandle>();
  readonly #waiting = new Map<number, Waiting>();
  #thread: Promise<Thread> | null = null;
  #vocabulary: Promise<VocabularyBytes> | null = null;
  #nextId = 1;
  #isStopped = false;

  constructor(options: GrammarThreadOptions) {
    this.#options = options;
    this.#watchdog = new Watchdog({
      timeoutMs: SILENCE_MS,
      onDead: (reason) => {
        this.#replace(reason);
      },
    });
  }

  async prepare(spec: GrammarSpec): Promise<string | null> {
    if (this.#waiting.size >= MAX_WAITING) {
      throw new RequestError('QUEUE_FULL', 'The request queue is full.');
    }
    const { port } = await this.#started();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#settle(id, 'Grammar preprocessing timed out.');
        this.#replace('a grammar took too long to compile');
      }, PREPARE_TIMEOUT_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      port.post({ kind: 'prepare', id, spec });
    });
  }

  /** The device's masks come from here until it ends. */
  attach<Handle extends DeviceHandle>(handle: Handle): Handle {
    this.#devices.add(handle);
    const forget = (): void => {
      this.#devices.delete(handle);
    };
    handle.done.then(forget, forget);
    if (this.#thread !== null) {
      void this.#thread.then((thread) => {
        this.#connect(thread, handle);
      });
    }
    return handle;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const thread = await this.#thread;
    thread?.unwatch();
    await thread?.worker.terminate();
  }

  #started(): Promise<Thread> {
    this.#thread ??= this.#start();
    return this.#thread;
  }

  async #start(): Promise<Thread> {
    this.#vocabulary ??= this.#options.vocabulary();
    const vocabulary = await this.#vocabulary;
    const channel = new MessageChannel();
    const heart = createHeart();
    const { space } = this.#options;
    const worker = new Worker(new URL('../../workers/grammar.js', import.meta.url), {
      name: 'radish-grammar',
      workerData: { port: channel.port2, vocabulary, space, heart },
      transferList: [channel.port2],
    });
    const port = new Port<ToGrammars, GrammarPrepared>(channel.port1);
    const unwatch = this.#watchdog.watch({ name: 'the grammar thread', heart, isPrompt: true });
    const thread = { worker, port, unwatch };
    port.onMessage(({ id, failure }) => {
      this.#settle(id, failure);
    });
    worker.on('error', (error: Error) => {
      this.#replace(error.message);
    });
    for (const device of this.#devices) this.#connect(thread, device);
    return thread;
  }

  #connect({ port }: Thread, device: DeviceHandle): void {
    if (!this.#devices.has(device)) return;
    const { numSlots } = this.#options.board;
    const { shared } = new MaskBoard(this.#options.board);
    const channel = new MessageChannel();
    port.post({ kind: 'connect', numSlots, port: channel.port2, board: shared }, [channel.port2]);
    device.connectGrammars(channel.port1, shared);
  }

  #settle(id: number, failure: string | null): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.resolve(failure);
  }

  /** Grammars that wait fail: one of them may be what the thread cannot stand. */
  #replace(reason: string): void {
    const old = this.#thread;
    if (old === null || this.#isStopped) return;
    this.#options.log.warn(`The grammar thread is replaced: ${reason}`);
    this.#thread = old.then(({ worker, unwatch, port }) => {
      unwatch();
      port.close();
      void worker.terminate();
      return this.#start();
    });
    const error = new RequestError('INTERNAL', 'The grammar thread failed: please try again.');
    for (const [id, { reject, timer }] of this.#waiting) {
      clearTimeout(timer);
      this.#waiting.delete(id);
      reject(error);
    }
  }
}
