import { beatsOf, type Heart } from '../actor/heart.js';

/** Silence after which `/health` says 503. Threads with native code get the whole time-out: a run may be long. */
const UNHEALTHY_MS = 10_000;
const CHECK_MS = 250;

export interface WatchdogOptions {
  /** `--watchdog-timeout`; 0 = nobody is ever found dead. */
  readonly timeoutMs: number;
  /** Told once per thread, with a sentence; not of those that can be killed. */
  readonly onDead: (reason: string) => void;
  readonly checkMs?: number;
}

export interface Watched {
  /** Begins the sentence that says it is dead. */
  readonly name: string;
  readonly heart: Heart;
  /** Its event loop never waits for native code. */
  readonly isPrompt: boolean;
  /** Ends it alone, whatever it does; told once, with a sentence. Null = nobody can. */
  readonly kill?: ((reason: string) => void) | null;
}

interface Patient extends Watched {
  numBeats: number;
  /** Time in which this thread looked and saw no beat: a process that slept has not looked. */
  silentMs: number;
  isDead: boolean;
}

/** Looks for threads that neither end nor go on: those that throw or exit are heard of otherwise. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #checkMs: number;
  readonly #patients = new Set<Patient>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#checkMs = options.checkMs ?? CHECK_MS;
    this.#timer = setInterval(() => {
      for (const patient of this.#patients) this.#check(patient);
    }, this.#checkMs).unref();
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** False while a thread is silent: load balancers should ask another server. */
  get isHealthy(): boolean {
    const { timeoutMs } = this.#options;
    if (timeoutMs === 0) return true;
    return [...this.#patients].every(
      ({ silentMs, isPrompt }) =>
        silentMs < (isPrompt ? Math.min(UNHEALTHY_MS, timeoutMs) : timeoutMs),
    );
  }

  /** A thread hangs that may be inside native code: `process.exit` would wait for it for ever. */
  get hasNativeHang(): boolean {
    return [...this.#patients].some(
      ({ isDead, isPrompt, kill = null }) => isDead && !isPrompt && kill === null,
    );
  }

  /** @returns how to stop watching it */
  watch(watched: Watched): () => void {
    const patient = { ...watched, numBeats: -1, silentMs: 0, isDead: false };
    this.#patients.add(patient);
    return () => this.#patients.delete(patient);
  }

  #check(patient: Patient): void {
    const numBeats = beatsOf(patient.heart);
    // A thread that has not beaten at all is still starting.
    const isSilent = numBeats > 0 && numBeats === patient.numBeats;
    patient.silentMs = isSilent ? patient.silentMs + this.#checkMs : 0;
    patient.numBeats = numBeats;
    const { timeoutMs, onDead } = this.#options;
    if (timeoutMs === 0 || patient.silentMs < timeoutMs || patient.isDead) return;
    patient.isDead = true;
    const tell = patient.kill ?? onDead;
    tell(`${patient.name} has answered nothing for ${timeoutMs / 1000} s (--watchdog-timeout)`);
  }
}
