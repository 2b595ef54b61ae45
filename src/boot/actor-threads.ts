import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { callControl, connectControl } from '../actor/control.js';
import { createHeart, type Heart } from '../actor/heart.js';
import { Port } from '../actor/port.js';
import type { ExpertRecording } from '../core/expert-recording.js';
import type { SchedulerConfig } from '../core/scheduler-config.js';
import type { ActorName } from '../engine/control.js';
import type { CacheReads } from '../engine/cache-reads.js';
import type { CacheControl, ToMain, ToScheduler } from '../messages.js';

/** A read that takes longer is given up. */
const READ_DEADLINE_MS = 5_000;

export interface ActorThreads {
  readonly scheduler: Port<ToScheduler, ToMain>;
  /** Over the control plane. Each rejects with ControlTimeout. */
  readonly cache: CacheReads;
  /** Rejects when either thread throws or ends by itself: the server cannot go on then. */
  readonly broken: Promise<never>;
  /** By the threads' names; each beats while its event loop comes round. */
  readonly hearts: Readonly<Record<ActorName, Heart>>;
  /** `--enable-fault-injection`: the thread loops from now on. */
  readonly hang: (name: ActorName) => void;
  stop(): Promise<void>;
}

/** Starts the scheduler and the cache actor and connects them: main ⇄ scheduler ⇄ cache, main → cache (reads). */
export function startActorThreads(
  config: SchedulerConfig,
  experts: ExpertRecording | null,
): ActorThreads {
  const toMain = new MessageChannel();
  const toCache = new MessageChannel();
  const control = new MessageChannel();
  const hearts = { cache: createHeart(), scheduler: createHeart() };
  const cache = startThread(
    'cache',
    { port: toCache.port2, controlPort: control.port2, experts, heart: hearts.cache },
    [toCache.port2, control.port2],
  );
  const scheduler = startThread(
    'scheduler',
    { mainPort: toMain.port2, cachePort: toCache.port1, config, heart: hearts.scheduler },
    [toMain.port2, toCache.port1],
  );
  const workers = { cache, scheduler };
  const reads = connectControl<CacheControl>(control.port1);
  const inTime = <T>(read: Promise<T>): Promise<T> => callControl(read, READ_DEADLINE_MS);
  let stopping = false;
  const broken = firstFailure({ 'cache actor': cache, scheduler }, () => stopping);
  return {
    scheduler: new Port<ToScheduler, ToMain>(toMain.port1),
    cache: {
      snapshot: () => inTime(reads.snapshot()),
      look: (wishes) => inTime(reads.look(wishes)),
      stopLooking: () => inTime(reads.stopLooking()),
      explain: (question) => inTime(reads.explain(question)),
      expertCounts: () => inTime(reads.expertCounts()),
    },
    broken,
    hearts,
    hang: (name) => {
      workers[name].postMessage('hang');
    },
    stop: async () => {
      stopping = true;
      // Neither thread runs native code, so terminating them is safe (unlike a device thread).
      await Promise.all([scheduler.terminate(), cache.terminate()]);
    },
  };
}

/** Rejects when one of the threads throws, or ends before it should. */
function firstFailure(
  threads: Readonly<Record<string, Worker>>,
  isStopping: () => boolean,
): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    for (const [name, worker] of Object.entries(threads)) {
      worker.on('error', (error: Error) => {
        reject(new Error(`the ${name} failed: ${error.message}`, { cause: error }));
      });
      worker.on('exit', (code) => {
        if (!isStopping()) reject(new Error(`the ${name} ended with code ${code}`));
      });
    }
  });
  failed.catch(() => undefined);
  return failed;
}

function startThread(name: string, workerData: object, transferList: MessagePort[]): Worker {
  return new Worker(new URL(`../../workers/${name}.js`, import.meta.url), {
    name: `radish-${name}`,
    workerData,
    transferList,
  });
}
