import { useState } from 'preact/hooks';

import { sentenceOf } from './failure.js';

export interface Task<T> {
  readonly result: T | null;
  readonly fault: string;
  readonly isBusy: boolean;
  readonly run: (work: () => Promise<T>) => void;
}

/** Something that is asked for by a button, and what came of it. */
export function useTask<T>(): Task<T> {
  const [result, setResult] = useState<T | null>(null);
  const [fault, setFault] = useState('');
  const [isBusy, setBusy] = useState(false);
  const run = (work: () => Promise<T>): void => {
    setBusy(true);
    setFault('');
    work()
      .then(setResult, (error: unknown) => {
        setFault(sentenceOf(error));
      })
      .finally(() => {
        setBusy(false);
      });
  };
  return { result, fault, isBusy, run };
}
