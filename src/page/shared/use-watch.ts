import { useEffect } from 'preact/hooks';

import type { WatchBody, WatchState } from '../../api/ws/watch/types.js';
import type { Connection } from './connection.js';
import { useStore } from './hooks.js';

/** What a view watches while it is there; null until the first of it has come. */
export function useWatch(connection: Connection, wish: WatchBody): WatchState | null {
  const text = JSON.stringify(wish);
  useEffect(() => {
    connection.watch(JSON.parse(text) as WatchBody);
  }, [connection, text]);
  useEffect(
    () => () => {
      connection.watch(null);
    },
    [connection],
  );
  return useStore(connection.watched);
}
