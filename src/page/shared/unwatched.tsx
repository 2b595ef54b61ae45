import type { Connection } from './connection.js';
import { useStore } from './hooks.js';

interface UnwatchedProps {
  readonly connection: Connection;
  readonly title: string;
}

/** A view whose first state has not come. */
export function Unwatched({ connection, title }: UnwatchedProps) {
  const refusal = useStore(connection.refusal);
  return (
    <div class="view">
      <header class="view-head">
        <h1>{title}</h1>
      </header>
      <p class={refusal === '' ? 'hint' : 'fault'}>{refusal || 'Waiting for the server.'}</p>
    </div>
  );
}
