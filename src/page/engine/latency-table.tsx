import type { LatencyState, Percentiles } from '../../api/ws/watch/types.js';
import { duration, whole } from '../shared/format.js';
import { TableHead } from '../shared/table-head.js';

/** How long requests waited, of the last minute. */
export function LatencyTable({ latency }: { readonly latency: LatencyState }) {
  return (
    <>
      <h2>Latency</h2>
      <div class="table-box" tabIndex={0} role="region" aria-label="Percentiles">
        <table class="latency">
          <caption class="plain">Of the last {latency.window_s} seconds</caption>
          <TableHead numbers={['p50', 'p90', 'p99', 'Count']} />
          <tbody>
            <Row name="To the first token" values={latency.ttft_ms} />
            <Row name="Between tokens" values={latency.inter_token_ms} />
            <Row name="In all" values={latency.total_ms} />
          </tbody>
        </table>
      </div>
    </>
  );
}

function Row({
  name,
  values,
}: {
  readonly name: string;
  readonly values: Percentiles | undefined;
}) {
  const shown = (value: number | undefined): string =>
    value === undefined ? '–' : duration(value);
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="number">{shown(values?.p50)}</td>
      <td class="number">{shown(values?.p90)}</td>
      <td class="number">{shown(values?.p99)}</td>
      <td class="number">{whole(values?.count ?? 0)}</td>
    </tr>
  );
}
