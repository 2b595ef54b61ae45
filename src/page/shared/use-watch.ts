import { useEffect, useRef } from 'preact/hooks';

import type { WatchBody, WatchState } from '../../api/ws/watch/types.js';
import type { Connection } from './connection.js';
import { useStore } from './hooks.js';

/** What a view watches while it is there; null until the first of it has come. */
export function useWatch(connection: Connection, wish: WatchBody): WatchState | null {
  const text = JSON.stringify(wish);
  const end = useRef<() => void>(() => undefined);
  useEffect(() => {
    // Another wish takes the place of the last one, which is not ended: its picture stays until the next has come.
    end.current = connection.watch(JSON.parse(text) as WatchBody);
  }, [connection, text]);
  useEffect(
    () => () => {
      end.current();
    },
    [],
  );
  return useStore(connection.watched);
}
