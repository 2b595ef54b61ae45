/** What to think of when a signal ended a process. */
const MEANINGS: Readonly<Record<string, string>> = {
  SIGABRT: 'it aborted in native code',
  SIGBUS: 'it crashed in native code',
  SIGFPE: 'it crashed in native code',
  SIGILL: 'it crashed in native code',
  SIGSEGV: 'it crashed in native code',
  SIGTRAP: 'it crashed in native code',
  SIGKILL: 'memory ran out, or somebody killed it',
};

/** A clause for a device's process that ended without a word; one of the two is not null. */
export function howItDied(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === null) return `the device's process ended with exit code ${String(code)}`;
  const meaning = MEANINGS[signal];
  return `the device's process was ended by ${signal}${meaning === undefined ? '' : `: ${meaning}`}`;
}

/** The same for one that never was. */
export function cannotStart(message: string): string {
  return `the device's process cannot be started: ${message}`;
}
