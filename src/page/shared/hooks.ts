import { useEffect, useReducer, useRef, useState } from 'preact/hooks';

import type { Store } from './store.js';

/** The value of a store, and a new rendering whenever it changes. */
export function useStore<T>(store: Store<T>): T {
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const seen = store.value;
    const end = store.subscribe(() => {
      render(undefined);
    });
    // It may have changed between the rendering and here.
    if (!Object.is(seen, store.value)) render(undefined);
    return end;
  }, [store]);
  return store.value;
}

/** True for a moment after `flash` was called, for buttons that say that they have done it. */
export function useFlash(ms = 1600): readonly [isOn: boolean, flash: () => void] {
  const [isOn, setOn] = useState(false);
  const timer = useRef(0);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
    },
    [],
  );
  return [
    isOn,
    () => {
      clearTimeout(timer.current);
      setOn(true);
      timer.current = setTimeout(() => {
        setOn(false);
      }, ms);
    },
  ];
}
