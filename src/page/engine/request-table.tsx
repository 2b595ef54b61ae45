import type { LiveRequest, RequestsState } from '../../api/ws/watch/types.js';
import { post } from '../shared/api.js';
import { IconButton } from '../shared/button.js';
import { Fault } from '../shared/fault.js';
import { counted, duration, whole } from '../shared/format.js';
import { TableHead } from '../shared/table-head.js';
import { useTask } from '../shared/use-task.js';

const MOST_ROWS = 40;

interface RequestTableProps {
  readonly requests: RequestsState;
  readonly now: number;
  /** The key that was given may end what others asked for. */
  readonly mayAbort: boolean;
}

/** What runs and what waits, each with how far it is. */
export function RequestTable({ requests, now, mayAbort }: RequestTableProps) {
  const { fault, run } = useTask<undefined>();
  const live = Object.entries(requests.live);
  const abort = (rid: string): void => {
    run(async () => {
      await post('abort_request', { rid }, { access: 'admin' });
      return undefined;
    });
  };
  return (
    <>
      <h2>Requests</h2>
      <p class="plain">
        {counted(requests.running, 'request')} running, {whole(requests.waiting)} waiting
      </p>
      <Fault sentence={fault} />
      {live.length > 0 && (
        <div class="table-box" tabIndex={0} role="region" aria-label="Running and waiting requests">
          <table class="requests">
            <TableHead
              first="Request"
              texts={['State', 'Progress']}
              numbers={['Prompt', 'Cached', 'Answer', 'Age']}
              hasButtons
            />
            <tbody>
              {live.slice(0, MOST_ROWS).map(([number, request]) => (
                <Row key={number} request={request} now={now} onAbort={mayAbort ? abort : null} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {live.length > MOST_ROWS && <p class="hint">and {live.length - MOST_ROWS} more</p>}
    </>
  );
}

interface RowProps {
  readonly request: LiveRequest;
  readonly now: number;
  readonly onAbort: ((rid: string) => void) | null;
}

function Row({ request, now, onAbort }: RowProps) {
  const { rid, state, device, prompt_tokens: prompt, output_tokens: output } = request;
  return (
    <tr>
      <th scope="row">
        <code title={rid}>{rid.slice(0, 8)}</code>
      </th>
      <td>
        {state}
        {device !== undefined && <span class="hint"> {device}</span>}
      </td>
      <td>
        <progress max={1} value={progressOf(request)} aria-label={`Progress of ${rid}`} />
      </td>
      <td class="number">{whole(prompt)}</td>
      <td class="number">{whole(request.cached_tokens ?? 0)}</td>
      <td class="number">{whole(output)}</td>
      <td class="number">{duration(Math.max(0, now - request.accepted_at))}</td>
      <td>
        <IconButton
          icon="stop"
          label={onAbort === null ? `Abort ${rid}: needs the admin key` : `Abort ${rid}`}
          disabled={onAbort === null}
          onClick={() => {
            onAbort?.(rid);
          }}
        />
      </td>
    </tr>
  );
}

/** Of prompt and answer together, as if the answer became as long as it may, in [0, 1]. */
export function progressOf(request: LiveRequest): number {
  const prompt = Math.min(request.prompt_tokens, request.prefilled_tokens ?? 0);
  const whole = request.prompt_tokens + (request.max_new_tokens ?? 0);
  return whole === 0 ? 0 : Math.min(1, (prompt + request.output_tokens) / whole);
}
