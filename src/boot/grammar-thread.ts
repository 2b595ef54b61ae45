import { MessageChannel } from 'node:worker_threads';
import { asError } from '../core/errors.js';
import type { GrammarSpec } from '../core/grammar.js';
import { MaskBoard, type MaskBoardShape } from '../core/mask-board.js';
import type { VocabularyBytes } from '../core/vocabulary-bytes.js';
import type { DeviceHandle } from '../device/handle.js';
import type { GrammarCompiler } from '../engine/grammars.js';
import type { JsonSpace } from '../grammar/compile.js';
import type { Logger } from '../observability/logger.js';
import { GrammarQueue } from './grammar-queue.js';
import {
  startGrammarWorker,
  type GrammarWorker,
  type StartGrammarWorker,
} from './grammar-worker.js';
import { Watchdog } from './watchdog.js';

/** Silence after which the thread is replaced. A grammar that takes too long is found before that, and named. */
const SILENCE_MS = 11_000;

export interface GrammarThreadOptions {
  /** Read once, at the first grammar. */
  readonly vocabulary: () => Promise<VocabularyBytes>;
  /** Of every device. */
  readonly board: MaskBoardShape;
  readonly space: JsonSpace;
  readonly log: Pick<Logger, 'warn'>;
  readonly startWorker?: StartGrammarWorker;
}

interface Thread {
  readonly worker: GrammarWorker;
  /** Its silence is nobody's business any more. */
  readonly unwatch: () => void;
}

/**
 * The grammar thread as main sees it. It starts with the first grammar. It has no native code, so that one
 * which fails, hangs or takes too long is ended, and another takes its place: devices tell it all again, and it
 * gets the grammars that waited.
 */
export class GrammarThread implements GrammarCompiler {
  readonly #options: GrammarThreadOptions;
  readonly #watchdog: Watchdog;
  readonly #devices = new Set<DeviceHandle>();
  readonly #queue: GrammarQueue;
  #thread: Thread | null = null;
  #vocabulary: Promise<VocabularyBytes> | null = null;
  #isStopped = false;

  constructor(options: GrammarThreadOptions) {
    this.#options = options;
    this.#watchdog = new Watchdog({
      timeoutMs: SILENCE_MS,
      onDead: (reason) => {
        this.#crashed(reason);
      },
    });
    this.#queue = new GrammarQueue({
      onStuck: (reason) => {
        void this.#replace(reason);
      },
    });
  }

  async prepare(spec: GrammarSpec, nobodyWaits: AbortSignal): Promise<string | null> {
    if (this.#isStopped) throw shuttingDown();
    const prepared = this.#queue.prepare(spec, nobodyWaits);
    void this.#begin();
    return prepared;
  }

  /** The device's masks come from here until it ends. */
  attach<Handle extends DeviceHandle>(handle: Handle): Handle {
    this.#devices.add(handle);
    const forget = (): void => {
      this.#devices.delete(handle);
    };
    handle.done.then(forget, forget);
    if (this.#thread !== null) this.#connect(this.#thread, handle);
    return handle;
  }

  /** Grammars that wait are refused. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#watchdog.stop();
    this.#queue.fail(shuttingDown());
    await this.#end();
  }

  async #begin(): Promise<void> {
    this.#vocabulary ??= this.#options.vocabulary();
    try {
      const vocabulary = await this.#vocabulary;
      if (this.#thread === null && !this.#isStopped) this.#start(vocabulary);
    } catch (error) {
      this.#queue.fail(error as Error);
    }
  }

  #start(vocabulary: VocabularyBytes): void {
    const { space, startWorker = startGrammarWorker } = this.#options;
    const worker = startWorker(
      { vocabulary, space },
      {
        onPrepared: (message) => {
          this.#queue.answered(message);
        },
        onError: ({ message }) => {
          // It may have failed while it was replaced.
          if (this.#thread?.worker === worker) this.#crashed(message);
        },
      },
    );
    const { heart } = worker;
    const unwatch = this.#watchdog.watch({ name: 'the grammar thread', heart, isPrompt: true });
    this.#thread = { worker, unwatch };
    for (const device of this.#devices) this.#connect(this.#thread, device);
    this.#queue.begin((message) => {
      worker.post(message);
    });
  }

  #connect({ worker }: Thread, device: DeviceHandle): void {
    const { numSlots } = this.#options.board;
    const { shared } = new MaskBoard(this.#options.board);
    const channel = new MessageChannel();
    worker.post({ kind: 'connect', numSlots, port: channel.port2, board: shared }, [channel.port2]);
    device.connectGrammars(channel.port1, shared);
  }

  #crashed(reason: string): void {
    if (this.#isStopped) return;
    this.#queue.crashed();
    void this.#replace(reason);
  }

  async #replace(reason: string): Promise<void> {
    this.#options.log.warn(`The grammar thread is replaced: ${reason}`);
    void this.#end();
    await this.#begin();
  }

  async #end(): Promise<void> {
    const thread = this.#thread;
    this.#thread = null;
    thread?.unwatch();
    await thread?.worker.end();
  }
}

function shuttingDown(): Error {
  return asError({ code: 'SHUTTING_DOWN', message: 'The server is shutting down.' });
}
