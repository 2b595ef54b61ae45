/** How long requests may still run after SIGTERM. */
export const DRAIN_DEADLINE_MS = 30_000;
