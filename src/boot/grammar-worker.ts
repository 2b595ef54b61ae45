import { MessageChannel, Worker, type Transferable } from 'node:worker_threads';
import { createHeart, type Heart } from '../actor/heart.js';
import { Port } from '../actor/port.js';
import type { VocabularyBytes } from '../core/vocabulary-bytes.js';
import type { JsonSpace } from '../grammar/compile.js';
import type { GrammarPrepared, ToGrammars } from '../messages.js';

/** What the thread needs from its first moment on; copied. */
export interface GrammarWorkerData {
  readonly vocabulary: VocabularyBytes;
  readonly space: JsonSpace;
}

export interface GrammarWorkerEvents {
  readonly onPrepared: (message: GrammarPrepared) => void;
  /** It is gone. */
  readonly onError: (error: Error) => void;
}

/** One run of `workers/grammar.ts`, until it fails or is ended. */
export interface GrammarWorker {
  readonly heart: Heart;
  post(message: ToGrammars, transfer?: readonly Transferable[]): void;
  end(): Promise<unknown>;
}

export type StartGrammarWorker = (
  data: GrammarWorkerData,
  events: GrammarWorkerEvents,
) => GrammarWorker;

export const startGrammarWorker: StartGrammarWorker = (data, { onPrepared, onError }) => {
  const channel = new MessageChannel();
  const heart = createHeart();
  const worker = new Worker(new URL('../../workers/grammar.js', import.meta.url), {
    name: 'radish-grammar',
    workerData: { ...data, port: channel.port2, heart },
    transferList: [channel.port2],
  });
  const port = new Port<ToGrammars, GrammarPrepared>(channel.port1);
  port.onMessage(onPrepared);
  worker.on('error', onError);
  return {
    heart,
    post: (message, transfer) => {
      port.post(message, transfer);
    },
    end: () => {
      port.close();
      return worker.terminate();
    },
  };
};
