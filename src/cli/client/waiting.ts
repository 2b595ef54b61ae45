/** For `onWait`: says that a server is waited for, and why; the same again is not said. */
export function waitingTo(say: (sentence: string) => unknown): (sentence: string) => void {
  let last = '';
  return (sentence) => {
    if (sentence !== last) say(`${sentence.replace(/[.\s]+$/, '')}. Waiting.`);
    last = sentence;
  };
}
