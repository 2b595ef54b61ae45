import type { LogLevel } from '../core/log-level.js';
import type {
  Admitted,
  CacheOp,
  DeviceId,
  Finished,
  ReqHiddenRows,
  ReqLogprobRow,
  ReqVector,
  StepTimed,
  ToCache,
  ToDevice,
  ToMain,
} from '../messages.js';

/** Where the scheduler's messages go: ports in the server, channels of a simulation in tests. */
export interface SchedulerPorts {
  toMain(message: ToMain): void;
  toCache(message: ToCache): void;
  toDevice(device: DeviceId, message: ToDevice): void;
}

/** Operations that nobody waits for go out with others, or when so many have come together. */
const LAZY_OPS_MAX = 32;

/** Collects what one turn has to say, so that each receiver gets one message of each kind. */
export class Outbox {
  readonly #ports: SchedulerPorts;
  #ops: CacheOp[] = [];
  /** How many of them can wait. */
  #numLazyOps = 0;
  #admitted: Admitted[] = [];
  #tokens: number[] = [];
  #logprobs: ReqLogprobRow[] = [];
  #hiddenRows: ReqHiddenRows[] = [];
  #vectors: ReqVector[] = [];
  #toCheck: number[] = [];
  #finished: Finished[] = [];
  #timed: StepTimed[] = [];

  constructor(ports: SchedulerPorts) {
    this.#ports = ports;
  }

  op(op: CacheOp): void {
    this.#ops.push(op);
  }

  /** In order with all others, but a thread need not be woken for it. */
  lazyOp(op: CacheOp): void {
    this.#ops.push(op);
    this.#numLazyOps += 1;
  }

  admit(admitted: Admitted): void {
    this.#admitted.push(admitted);
  }

  token(num: number, token: number): void {
    this.#tokens.push(num, token);
  }

  logprob(row: ReqLogprobRow): void {
    this.#logprobs.push(row);
  }

  hidden(rows: ReqHiddenRows): void {
    this.#hiddenRows.push(rows);
  }

  /** The answer of an embed request; its ending follows in the same turn. */
  vector(vector: ReqVector): void {
    this.#vectors.push(vector);
  }

  /** The request has no more tokens, and main must say whether a stop string ends it earlier. */
  check(num: number): void {
    this.#toCheck.push(num);
  }

  finish(finished: Finished): void {
    this.#finished.push(finished);
  }

  /** Somebody asks how long steps take: with what the step brought, so that main is not woken twice. */
  timed(step: StepTimed): void {
    this.#timed.push(step);
  }

  log(level: LogLevel, message: string): void {
    this.#ports.toMain({ kind: 'log', level, message });
  }

  /** Sent at once, before this turn's tokens. */
  main(message: ToMain): void {
    this.#ports.toMain(message);
  }

  /** Sent at once: a step must not wait for the rest of the turn. */
  device(device: DeviceId, message: ToDevice): void {
    this.#ports.toDevice(device, message);
  }

  flush(): void {
    if (this.#ops.length > this.#numLazyOps || this.#numLazyOps >= LAZY_OPS_MAX) {
      this.#ports.toCache({ kind: 'ops', ops: this.#ops });
      this.#ops = [];
      this.#numLazyOps = 0;
    }
    if (this.#hasOutput) {
      this.#ports.toMain({
        kind: 'output',
        admitted: this.#admitted,
        tokens: Int32Array.from(this.#tokens),
        logprobs: this.#logprobs,
        hiddenRows: this.#hiddenRows,
        vectors: this.#vectors,
        toCheck: this.#toCheck,
        finished: this.#finished,
        timed: this.#timed,
      });
      this.#admitted = [];
      this.#tokens = [];
      this.#logprobs = [];
      this.#hiddenRows = [];
      this.#vectors = [];
      this.#toCheck = [];
      this.#finished = [];
      this.#timed = [];
    }
  }

  /** Admissions and vectors wait for the first token or the ending that follows them. */
  get #hasOutput(): boolean {
    const numRows = this.#tokens.length + this.#logprobs.length + this.#hiddenRows.length;
    return numRows + this.#toCheck.length + this.#finished.length + this.#timed.length > 0;
  }
}
