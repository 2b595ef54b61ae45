import { EXIT_INTERRUPTED, EXIT_TERMINATED } from './exit-codes.js';

/** Exit codes by the signals that end a command in order. */
const CODES_OF = { SIGINT: EXIT_INTERRUPTED, SIGTERM: EXIT_TERMINATED } as const;
type EndingSignal = keyof typeof CODES_OF;
const ENDING_SIGNALS: readonly EndingSignal[] = ['SIGINT', 'SIGTERM'];

/** What a command that was ended in order has to say, and its exit code. */
export interface Ended {
  /** `Interrupted`, or by what. */
  readonly what: string;
  readonly code: number;
}

/** Aborts with the first such signal. The second ends the process as it would any other. */
export function endingSignal(): AbortSignal {
  const controller = new AbortController();
  const end = (name: EndingSignal): void => {
    for (const signal of ENDING_SIGNALS) process.off(signal, end);
    controller.abort(name);
  };
  for (const signal of ENDING_SIGNALS) process.on(signal, end);
  return controller.signal;
}

/** Of an {@link endingSignal} that was aborted. */
export function endedBy({ reason }: AbortSignal): Ended {
  const name = reason as EndingSignal;
  return {
    what: name === 'SIGINT' ? 'Interrupted' : `Ended by ${name}`,
    code: CODES_OF[name],
  };
}
