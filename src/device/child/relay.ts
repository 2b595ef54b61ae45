import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beat } from '../../actor/heart.js';
import { Port } from '../../actor/port.js';
import type { DeviceToMain, FromDevice, MainToDevice, ToDevice } from '../../messages.js';
import { withAdapter, type AdapterEnv } from '../adapters/adapter-env.js';
import type { FarEnds } from '../handle.js';
import type { DeviceStart } from '../pool.js';
import { cannotStart, howItDied } from './how-it-died.js';
import { MaskRelay } from './mask-relay.js';
import { pack, unpack, type FromDeviceProcess, type ToDeviceProcess } from './wire.js';

/** A device that has said that it has ended exits in so long, or is killed. */
export const EXIT_MS = 5000;
/** A killed process that the system does not end (a driver holds it) counts as gone after so long. */
const KILLED_MS = 5000;
/** What an ended process has still said is read for so long. */
const LAST_WORDS_MS = 1000;

/** What the relay's thread is given. */
export interface RelayInit extends FarEnds {
  readonly start: DeviceStart;
  /** What the process has in its environment besides this one's; null = not set. */
  readonly env: AdapterEnv;
  /** The module that it runs, a URL. */
  readonly entry: string;
}

/** From main, at any time: end the process whatever it does. */
export interface Kill {
  readonly kind: 'kill';
  readonly reason: string;
}

/** How a device's process has ended: the relay's last message. */
export type RelayEnd =
  | { readonly how: 'retired' }
  /** As the device said itself. */
  | { readonly how: 'failed'; readonly error: Error }
  /** Without a word. */
  | { readonly how: 'died'; readonly sentence: string };

/**
 * The server's end of a device's process: starts it, passes messages on between it, the scheduler, main and the grammar
 * thread, and says how it ended. It has a thread of its own, so that a busy main thread delays no step.
 */
export class Relay {
  readonly #init: RelayInit;
  readonly #child: ChildProcess;
  readonly #scheduler: Port<FromDevice, ToDevice>;
  readonly #main: Port<DeviceToMain, MainToDevice>;
  readonly #masks: MaskRelay;
  readonly #onEnd: (end: RelayEnd) => void;
  /** What the device said of its end; null = nothing. */
  #told: RelayEnd | null = null;
  #killReason: string | null = null;
  #isOver = false;

  /** Throws where processes cannot be started at all. `onEnd` is called once. */
  constructor(init: RelayInit, onEnd: (end: RelayEnd) => void) {
    this.#child = forkDevice(init);
    this.#init = init;
    this.#onEnd = onEnd;
    this.#scheduler = new Port(init.schedulerPort);
    this.#main = new Port(init.mainPort);
    const { limits, model } = init.start;
    const shape = { numSlots: limits.numSlots, vocabSize: model.spec.vocabSize };
    this.#masks = new MaskRelay(shape, (message) => {
      this.#send(message);
    });
    this.#watchChild();
    this.#send({ kind: 'start', start: init.start });
    this.#scheduler.onMessage((message) => {
      this.#send({ kind: 'toDevice', message });
    });
    this.#main.onMessage((message) => {
      if (message.kind === 'connectGrammars') this.#masks.connect(message);
      else this.#send(message);
    });
  }

  kill(reason: string): void {
    this.#killReason ??= reason;
    this.#child.kill('SIGKILL');
    setTimeout(() => {
      this.#finish({ how: 'died', sentence: `${reason}, and its process cannot be killed` });
    }, KILLED_MS).unref();
  }

  #watchChild(): void {
    const child = this.#child;
    child.on('message', (bytes: Uint8Array) => {
      this.#receive(unpack(bytes) as FromDeviceProcess);
    });
    child.on('error', ({ message }) => {
      // Later ones are of messages that came too late: how it ended is told by its exit.
      if (child.pid !== undefined) return;
      this.#finish({ how: 'died', sentence: cannotStart(message) });
    });
    child.on('exit', (code, signal) => {
      const sentence = this.#killReason ?? howItDied(code, signal);
      const finish = (): void => {
        this.#finish(this.#told ?? { how: 'died', sentence });
      };
      if (child.connected) {
        child.on('disconnect', finish);
        setTimeout(finish, LAST_WORDS_MS).unref();
      } else {
        finish();
      }
    });
  }

  #receive(message: FromDeviceProcess): void {
    switch (message.kind) {
      case 'beat':
        beat(this.#init.heart);
        break;
      case 'fromDevice':
        this.#scheduler.post(message.message, buffersOf(message.message));
        break;
      case 'toMatchers':
        this.#masks.tell(message);
        break;
      case 'ready':
      case 'kvReleased':
        this.#main.post(message);
        break;
      case 'ended':
        this.#told =
          message.error === null ? { how: 'retired' } : { how: 'failed', error: message.error };
        // Libraries of drivers crash or hang when their process exits; all has been said.
        setTimeout(() => this.#child.kill('SIGKILL'), EXIT_MS).unref();
    }
  }

  /** At most two steps are under way, a mask a slot, and what main orders: nothing here grows without bound. */
  #send(message: ToDeviceProcess): void {
    // One that ends meanwhile says so by its exit.
    if (this.#child.connected) this.#child.send(pack(message), () => undefined);
  }

  #finish(end: RelayEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#masks.close();
    this.#scheduler.close();
    this.#main.close();
    this.#onEnd(end);
  }
}

/** Only what this process was started with is left out: a debugger's port, another module's hooks. */
function forkDevice({ entry, env, start }: RelayInit): ChildProcess {
  const { rank, generation } = start.device;
  // For whoever looks at a list of processes.
  const label = ['rank', String(rank), 'generation', String(generation)];
  return fork(fileURLToPath(entry), label, {
    env: withAdapter(process.env, env),
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** As the device's own thread hands them on. */
function buffersOf(message: FromDevice): ArrayBuffer[] {
  if (message.kind !== 'stepDone') return [];
  return message.result.hiddenRows.map(({ values }) => values.buffer);
}
