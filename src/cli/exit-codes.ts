/** It ended as it was asked to. */
export const EXIT_OK = 0;
/** A server could not start or go on, a command could not do its work: standard error or the log says why. */
export const EXIT_FAILED = 1;
/** The command line, an environment variable or the config file is wrong. */
export const EXIT_USAGE = 2;
/** Ctrl-C, as a shell counts it. */
export const EXIT_INTERRUPTED = 130;
/** SIGTERM, as a shell counts it: a command that was ended in order. */
export const EXIT_TERMINATED = 143;
