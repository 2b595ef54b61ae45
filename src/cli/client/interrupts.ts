/** Ctrl-C goes to `listener` from here on. @returns gives it back */
export type OnInterrupt = (listener: () => void) => () => void;

/** Of this process: `kill -INT` too. */
export const processInterrupts: OnInterrupt = (listener) => {
  process.on('SIGINT', listener);
  return () => {
    process.off('SIGINT', listener);
  };
};
