import { Button } from '../shared/button.js';
import type { Connection, Status } from '../shared/connection.js';
import { percent } from '../shared/format.js';
import { useStore } from '../shared/hooks.js';

/** What there is to say of the server: nothing while all is well. */
export function StatusLine({ connection }: { readonly connection: Connection }) {
  const status = useStore(connection.status);
  const restart = useStore(connection.restart);
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
      {status.kind === 'open' && restart !== null && (
        <p class="status restarted">
          The server was restarted at {new Date(restart.at).toLocaleTimeString()}:{' '}
          {restart.newModel !== null && <>it serves {restart.newModel} now, </>}its cache is empty,
          and its counts begin anew.
          <Button
            kind="quiet"
            onClick={() => {
              connection.restart.set(null);
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
