import type { DeviceState, EngineState, RateSample } from '../../api/ws/watch/types.js';
import type { Connection } from '../shared/connection.js';
import { Fact } from '../shared/fact.js';
import { counted, short, whole } from '../shared/format.js';
import { useNow } from '../shared/now.js';
import { Plot } from '../shared/plot.js';
import { Unwatched } from '../shared/unwatched.js';
import { useWatch } from '../shared/use-watch.js';
import { FailureList } from './failure-list.js';
import { FinishedList } from './finished-list.js';
import { Lane, LaneLegend } from './lane-view.js';
import { spanOf } from './lane.js';
import { LatencyTable } from './latency-table.js';
import { PagesBar } from './pages-bar.js';
import { RequestTable } from './request-table.js';

const SPAN_MS = 120_000;

/** What the devices do at this moment, and for whom. */
export function EngineView({ connection }: { readonly connection: Connection }) {
  const watched = useWatch(connection, { topics: ['engine', 'requests'], every_ms: 500 });
  const now = useNow(500);
  const engine = watched?.engine;
  const requests = watched?.requests;
  if (watched === null || engine === undefined || requests === undefined) {
    return <Unwatched connection={connection} title="Engine" />;
  }
  const devices = Object.entries(engine.devices);
  const bars = devices.flatMap(([, { steps }]) => Object.values(steps));
  const span = spanOf(bars, Math.max(watched.at, now));
  return (
    <div class="view">
      <header class="view-head">
        <h1>Engine</h1>
        <p class="view-note">
          {engine.state}
          {engine.held > 0 && `, ${counted(engine.held, 'request')} held until it goes on`}
        </p>
      </header>
      <ServerLine engine={engine} />
      <section class="card" aria-label="Devices">
        <LaneLegend />
        {devices.map(([name, device]) => (
          <div key={name} class="device">
            <Lane name={name} device={device} span={span} />
            <PagesBar rank={device.rank} pages={device.pages} />
            <DeviceFacts device={device} />
          </div>
        ))}
      </section>
      <div class="columns">
        <section class="card" aria-label="Throughput">
          <h2>Throughput</h2>
          <Throughput rates={Object.values(engine.rates)} now={now} />
        </section>
        <section class="card" aria-label="Latency">
          <LatencyTable latency={engine.latency} />
        </section>
      </div>
      <section class="card" aria-label="Requests">
        <RequestTable requests={requests} now={now} mayAbort={watched.rights.admin} />
      </section>
      <div class="columns">
        <section class="card" aria-label="Finished">
          <FinishedList requests={requests} now={now} />
        </section>
        <section class="card" aria-label="Failures">
          <FailureList failures={engine.failures} now={now} />
        </section>
      </div>
    </div>
  );
}

function ServerLine({ engine: { server, queued } }: { readonly engine: EngineState }) {
  const { limits } = server;
  const updates = server.weight_updates;
  return (
    <dl class="facts card">
      <Fact name="Model" value={server.model} />
      <Fact name="Architecture" value={server.architecture} />
      <Fact
        name="Weights"
        value={`${server.weight_version}, ${server.quantization}${updates === 0 ? '' : `, replaced ${counted(updates, 'time')}`}`}
      />
      <Fact name="Keys and values" value={server.kv_dtype} />
      <Fact name="Context" value={counted(limits.context_length, 'token')} />
      <Fact
        name="In the queue"
        value={`${whole(queued)} of ${whole(limits.max_queued_requests)}`}
      />
      <Fact name="Radish" value={server.version} />
    </dl>
  );
}

function DeviceFacts({ device }: { readonly device: DeviceState }) {
  const { totals, speculation } = device;
  return (
    <dl class="facts">
      <Fact name="Running" value={`${device.running} of ${device.max_running}`} />
      <Fact name="Waiting" value={whole(device.waiting)} />
      <Fact
        name="Retracted"
        value={`${whole(device.retracted)} now, ${whole(totals.retractions)} in all`}
      />
      <Fact name="Prompts computed" value={counted(totals.prompt, 'token')} />
      <Fact name="From the cache" value={counted(totals.cached, 'token')} />
      <Fact name="Answers" value={counted(totals.output, 'token')} />
      {speculation !== undefined && (
        <Fact name="Accepted a turn" value={speculation.accept_length.toFixed(2)} />
      )}
    </dl>
  );
}

function Throughput({
  rates,
  now,
}: {
  readonly rates: readonly RateSample[];
  readonly now: number;
}) {
  const series = (name: 'output' | 'prompt' | 'cached') =>
    rates.map((rate) => ({ at: rate.at, value: rate[name] }));
  return (
    <Plot
      title="Tokens a second"
      series={[
        { name: 'answers', tone: 'a', points: series('output') },
        { name: 'prompts', tone: 'b', points: series('prompt') },
        { name: 'from the cache', tone: 'c', points: series('cached') },
      ]}
      now={now}
      spanMs={SPAN_MS}
      format={short}
    />
  );
}
