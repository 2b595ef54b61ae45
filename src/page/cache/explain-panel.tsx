import { useState } from 'preact/hooks';

import type { Explained } from '../../api/ws/watch/types.js';
import type { Connection } from '../shared/connection.js';
import { Fault } from '../shared/fault.js';
import { counted, percent } from '../shared/format.js';
import { Gauge } from '../shared/gauge.js';
import { useTask } from '../shared/use-task.js';

interface ExplainPanelProps {
  readonly connection: Connection;
  readonly onPath: (path: readonly number[]) => void;
}

/** A prompt, and where it leaves the tree. */
export function ExplainPanel({ connection, onPath }: ExplainPanelProps) {
  const [text, setText] = useState('');
  const [isChat, setChat] = useState(true);
  const { result, fault, isBusy, run } = useTask<Explained>();
  return (
    <form
      class="panel"
      onSubmit={(event) => {
        event.preventDefault();
        run(async () => {
          const body = isChat ? { messages: [{ role: 'user', content: text }] } : { text };
          const explained = await connection.explain(body);
          onPath(explained.path);
          return explained;
        });
      }}
    >
      <h2>Where does a prompt leave the tree?</h2>
      <label>
        Prompt
        <textarea
          rows={3}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
          }}
        />
      </label>
      <div class="row">
        <label class="switch">
          <input
            type="checkbox"
            checked={isChat}
            onChange={(event) => {
              setChat(event.currentTarget.checked);
            }}
          />
          As the first message of a chat
        </label>
        <button type="submit" class="button main" disabled={isBusy || text === ''}>
          Explain
        </button>
      </div>
      <Fault sentence={fault} />
      {result !== null && <Explanation explained={result} />}
    </form>
  );
}

function Explanation({ explained }: { readonly explained: Explained }) {
  const { cached_tokens: cached, prompt_tokens: all, message } = explained;
  return (
    <div class="explained" role="status">
      <Gauge label="Cached part of the prompt" value={cached} max={Math.max(1, all)} />
      <p>
        <b>
          {counted(cached, 'token')} of {all}
        </b>{' '}
        ({percent(all === 0 ? 0 : cached / all)}) cached. {message}
      </p>
    </div>
  );
}
