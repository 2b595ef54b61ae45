import type { ExpertsState } from '../../api/ws/watch/types.js';
import { post } from '../shared/api.js';
import { Button } from '../shared/button.js';
import type { Connection } from '../shared/connection.js';
import { Fault } from '../shared/fault.js';
import { counted, digits, percent, whole } from '../shared/format.js';
import { saveFile } from '../shared/save-file.js';
import { TableHead } from '../shared/table-head.js';
import { Unwatched } from '../shared/unwatched.js';
import { useTask } from '../shared/use-task.js';
import { useWatch } from '../shared/use-watch.js';
import { HeatMap, NUM_SHADES } from './heat-map.js';
import { csvOf, layersOf, useOf } from './imbalance.js';

type Action = 'start' | 'stop' | 'dump';

/** Which experts of a Mixture-of-Experts model the tokens take. */
export function ExpertsView({ connection }: { readonly connection: Connection }) {
  const watched = useWatch(connection, { topics: ['experts'], every_ms: 500 });
  const experts = watched?.experts;
  if (experts === undefined) return <Unwatched connection={connection} title="Experts" />;
  return (
    <div class="view">
      <header class="view-head">
        <h1>Experts</h1>
        {experts.available === 'yes' && (
          <p class="view-note">
            {experts.recording ? 'recording' : 'not recording'}, {experts.top_k} of{' '}
            {experts.num_experts} for each token
          </p>
        )}
      </header>
      {experts.available === 'none' && (
        <p class="note">This model has no experts to choose from.</p>
      )}
      {experts.available === 'off' && (
        <p class="note">
          Start the server with <code>--expert-distribution-recorder-mode stat</code> to see which
          experts are chosen.
        </p>
      )}
      {experts.available === 'yes' && (
        <Recording experts={experts} mayRecord={watched?.rights.admin ?? false} />
      )}
    </div>
  );
}

interface RecordingProps {
  readonly experts: ExpertsState;
  /** The key that was given may do so. */
  readonly mayRecord: boolean;
}

function Recording({ experts, mayRecord }: RecordingProps) {
  const { fault, isBusy, run } = useTask<undefined>();
  const layers = layersOf(experts.layers);
  const total = layers.reduce((sum, [, counts]) => sum + counts.reduce((a, b) => a + b, 0), 0);
  const act = (action: Action) => (): void => {
    run(async () => {
      await post(`${action}_expert_distribution_record`, {}, { access: 'admin' });
      return undefined;
    });
  };
  return (
    <>
      <section class="card" aria-label="Recording">
        <div class="row">
          <Button
            kind="main"
            disabled={isBusy || !mayRecord}
            onClick={act(experts.recording ? 'stop' : 'start')}
          >
            {experts.recording ? 'Stop' : 'Start'}
          </Button>
          <Button
            disabled={total === 0}
            onClick={() => {
              saveFile('expert_distribution.csv', csvOf(experts.layers), 'text/csv');
            }}
          >
            Download
          </Button>
          <Button disabled={isBusy || !mayRecord || total === 0} onClick={act('dump')}>
            Write files on the server, and begin anew
          </Button>
        </div>
        {!mayRecord && <p class="note">To start and to stop needs the admin key.</p>}
        <Fault sentence={fault} />
        <Legend />
        <HeatMap layers={layers} />
      </section>
      <section class="card" aria-label="Layers">
        <h2>Layers</h2>
        <LayerTable layers={layers} />
      </section>
    </>
  );
}

function Legend() {
  return (
    <p class="legend">
      <span>
        seldom
        {Array.from({ length: NUM_SHADES }, (_, shade) => (
          <span key={shade} class={`swatch heat${shade}`} aria-hidden="true" />
        ))}
        often; an even choice is in the middle
      </span>
    </p>
  );
}

function LayerTable({ layers }: { readonly layers: ReturnType<typeof layersOf> }) {
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label="Use of each layer's experts">
      <table>
        <TableHead
          first="Layer"
          numbers={['Choices', 'Busiest expert', 'Imbalance', 'Evenness', 'Never chosen']}
        />
        <tbody>
          {layers.map(([layer, counts]) => {
            const use = useOf(layer, counts);
            return (
              <tr key={layer}>
                <th scope="row">{layer}</th>
                <td class="number">{whole(use.total)}</td>
                <td class="number">{use.total === 0 ? '–' : use.busiest}</td>
                <td class="number">{use.total === 0 ? '–' : `${digits(use.imbalance)} ×`}</td>
                <td class="number">{use.total === 0 ? '–' : percent(use.evenness)}</td>
                <td class="number">{counted(use.unused, 'expert')}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
