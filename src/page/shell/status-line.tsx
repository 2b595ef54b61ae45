import { Button } from '../shared/button.js';
import type { Connection, Status } from '../shared/connection.js';
import { percent } from '../shared/format.js';
import { useStore } from '../shared/hooks.js';

/** What there is to say of the server: nothing while all is well. */
export function StatusLine({ connection }: { readonly connection: Connection }) {
  const status = useStore(connection.status);
  const restartedAt = useStore(connection.restartedAt);
  const sentence = sentenceOf(status);
  return (
    <div class="status-lines" role="status">
      {sentence !== null && (
        <p class={`status ${status.kind}`}>
          {sentence}
          {status.kind === 'loading' && (
            <progress max={1} value={status.progress} aria-label="Loading" />
          )}
        </p>
      )}
      {status.kind === 'open' && restartedAt !== null && (
        <p class="status restarted">
          The server was restarted at {new Date(restartedAt).toLocaleTimeString()}: its cache is
          empty, and its counts begin anew.
          <Button
            kind="quiet"
            onClick={() => {
              connection.restartedAt.set(null);
            }}
          >
            Dismiss
          </Button>
        </p>
      )}
    </div>
  );
}

function sentenceOf(status: Status): string | null {
  switch (status.kind) {
    case 'connecting':
      return null;
    case 'loading':
      return `The model is loading: ${percent(status.progress)}`;
    case 'locked':
      return 'This server wants a key.';
    case 'gone':
      return 'The server does not answer. It is tried again.';
    case 'open':
      return null;
  }
}
