import { useState } from 'preact/hooks';

import { parsed } from '../shared/json.js';
import type { ToolCall } from './message.js';

interface ToolCallsProps {
  readonly calls: readonly ToolCall[];
  /** Null: they have been answered, or are still being written. */
  readonly onAnswer: ((results: ReadonlyMap<string, string>) => void) | null;
}

/** What the model wants called, and a box for each call in which its answer is typed. */
export function ToolCalls({ calls, onAnswer }: ToolCallsProps) {
  const [results, setResults] = useState<ReadonlyMap<string, string>>(new Map());
  const answer = (event: Event): void => {
    event.preventDefault();
    onAnswer?.(new Map(calls.map(({ id }) => [id, results.get(id) ?? ''])));
  };
  return (
    <form class="calls" onSubmit={answer}>
      {calls.map((call) => (
        <div class="call" key={call.id}>
          <p class="call-head">
            Calls <code>{call.name}</code>
          </p>
          <pre tabIndex={0}>
            <code>{pretty(call.arguments)}</code>
          </pre>
          {onAnswer !== null && (
            <label>
              What {call.name} answers
              <textarea
                rows={2}
                value={results.get(call.id) ?? ''}
                onInput={(event) => {
                  const { value } = event.currentTarget;
                  setResults(new Map([...results, [call.id, value]]));
                }}
              />
            </label>
          )}
        </div>
      ))}
      {onAnswer !== null && (
        <button type="submit" class="button main">
          Send {calls.length === 1 ? 'the answer' : 'the answers'}
        </button>
      )}
    </form>
  );
}

function pretty(written: string): string {
  const value = parsed(written);
  return value === undefined ? written : JSON.stringify(value, null, 2);
}
