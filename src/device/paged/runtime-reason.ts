/** Of what a driver says, characters that are repeated. */
const REASON_LENGTH = 300;

/** Where in the runtime's source a condition failed, and which. */
const CONDITION = /^\/\S+:\d+ .*? was false\. /;

/** The first line of what the runtime says, without its own places. */
export function reasonOf(error: unknown): string {
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return first.replace(CONDITION, '').slice(0, REASON_LENGTH);
}
