/** Thread entry of the cache actor: receives batches from the scheduler, answers, checks itself when idle. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { exposeControl } from '../src/actor/control.js';
import { hangOnRequest, keepBeating, type Heart } from '../src/actor/heart.js';
import { Port } from '../src/actor/port.js';
import { CacheActor } from '../src/cache/cache-actor.js';
import type { ExpertRecording } from '../src/core/expert-recording.js';
import type { CacheControl, CacheReplies, ToCache } from '../src/messages.js';

interface CacheWorkerData {
  /** The scheduler's; the thread ends when it closes. */
  readonly port: MessagePort;
  /** Main's: {@link CacheControl}. */
  readonly controlPort: MessagePort;
  readonly experts: ExpertRecording | null;
  readonly heart: Heart;
}

/** Time without an operation after which the thread checks its trees. */
const IDLE_CHECK_MS = 2_000;

const { port, controlPort, experts, heart } = workerData as CacheWorkerData;
keepBeating(heart);
hangOnRequest(parentPort);
const scheduler = new Port<CacheReplies, ToCache>(port);
const actor = new CacheActor(experts);

const idle = setTimeout(() => {
  const replies = actor.check();
  if (replies.length > 0) scheduler.post({ kind: 'replies', replies });
}, IDLE_CHECK_MS).unref();

scheduler.onMessage((message) => {
  const replies = actor.handle(message);
  if (replies !== null) scheduler.post(replies);
  idle.refresh();
});
scheduler.onClose(() => {
  controlPort.close();
});

const control: CacheControl = {
  snapshot: () => actor.snapshot(),
  look: (wishes) => actor.look(wishes),
  stopLooking: () => {
    actor.stopLooking();
  },
  explain: (question) => actor.explain(question),
  expertCounts: () => actor.expertCounts(),
};
exposeControl(control, controlPort);
