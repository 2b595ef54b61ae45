import { useState } from 'preact/hooks';

import type { CacheState } from '../../api/ws/watch/types.js';
import { Button } from '../shared/button.js';
import type { Connection } from '../shared/connection.js';
import { counted, percent, whole } from '../shared/format.js';
import { useNow } from '../shared/now.js';
import { Plot } from '../shared/plot.js';
import { Segments } from '../shared/segments.js';
import { Unwatched } from '../shared/unwatched.js';
import { useWatch } from '../shared/use-watch.js';
import { EvictionList } from './eviction-list.js';
import { ExplainPanel } from './explain-panel.js';
import { Icicle } from './icicle-view.js';
import type { Slab } from './icicle.js';
import { COLOURINGS, type Colouring } from './shade.js';
import { SlabDetails } from './slab-details.js';

/** More could not be told apart. */
const MOST_NODES = 800;
const SPAN_MS = 120_000;

/** The prefix cache as it is. */
export function CacheView({ connection }: { readonly connection: Connection }) {
  const [focus, setFocus] = useState<number | null>(null);
  const [colouring, setColouring] = useState<Colouring>('Age');
  const [selected, select] = useState<Slab | null>(null);
  const [path, setPath] = useState<readonly number[]>([]);
  const wish = { max_nodes: MOST_NODES, ...(focus === null ? {} : { focus }) };
  const watched = useWatch(connection, { topics: ['cache'], cache: wish, every_ms: 500 });
  const now = useNow(1000);
  const cache = watched?.cache;
  if (cache === undefined) return <Unwatched connection={connection} title="Cache" />;
  return (
    <div class="view">
      <header class="view-head">
        <h1>Cache</h1>
        <Totals cache={cache} />
      </header>
      {!cache.enabled && <p class="note">This server shares no prefixes.</p>}
      {watched?.rights.text === false && (
        <p class="note">Without the admin key texts are left out, and lengths are shown.</p>
      )}
      <section class="card" aria-label="Tree">
        <div class="row">
          <Segments
            label="Colour by"
            names={COLOURINGS}
            chosen={colouring}
            onChoose={setColouring}
          />
          <Legend colouring={colouring} />
          <Button
            kind="quiet"
            disabled={focus === null}
            onClick={() => {
              setFocus(null);
            }}
          >
            Zoom out
          </Button>
        </div>
        <Icicle
          cache={cache}
          colouring={colouring}
          selected={selected?.key ?? null}
          path={new Set(path)}
          onSelect={select}
          onZoom={setFocus}
        />
        <div class="slab-details">
          <SlabDetails slab={selected} cache={cache} now={now} />
        </div>
      </section>
      <section class="card" aria-label="Explain a prompt">
        <ExplainPanel connection={connection} onPath={setPath} />
      </section>
      <div class="columns">
        <section class="card" aria-label="Hit rate">
          <HitRate cache={cache} now={now} />
        </section>
        <section class="card" aria-label="Evictions">
          <EvictionList evictions={cache.evictions} now={now} />
        </section>
      </div>
    </div>
  );
}

function Totals({ cache }: { readonly cache: CacheState }) {
  const trees = Object.values(cache.trees);
  const nodes = trees.reduce((sum, tree) => sum + tree.nodes, 0);
  const tokens = trees.reduce((sum, tree) => sum + tree.tokens, 0);
  return (
    <p class="view-note">
      {counted(tokens, 'token')} in {counted(nodes, 'node')}, pages of {whole(cache.page_size)}
    </p>
  );
}

function Legend({ colouring }: { readonly colouring: Colouring }) {
  const [low, high] = colouring === 'Age' ? ['old', 'just used'] : ['never hit', 'often'];
  return (
    <p class="legend">
      <span>
        {low}
        {[0, 1, 2, 3, 4, 5].map((shade) => (
          <span key={shade} class={`swatch shade${shade}`} aria-hidden="true" />
        ))}
        {high}
      </span>
      <span>
        <span class="swatch locked" aria-hidden="true" />
        in use
      </span>
      <span>
        <span class="swatch decoded" aria-hidden="true" />
        made by decoding
      </span>
    </p>
  );
}

function HitRate({ cache, now }: { readonly cache: CacheState; readonly now: number }) {
  const points = Object.values(cache.hits).map(
    ({ at, prompt_tokens: all, cached_tokens: cached }) => ({
      at,
      value: all === 0 ? 0 : cached / all,
    }),
  );
  const sums = Object.values(cache.hits).reduce(
    (sum, one) => ({ all: sum.all + one.prompt_tokens, cached: sum.cached + one.cached_tokens }),
    { all: 0, cached: 0 },
  );
  return (
    <>
      <h2>Hit rate</h2>
      <Plot
        title={`${percent(sums.all === 0 ? 0 : sums.cached / sums.all)} of ${counted(sums.all, 'prompt token')}`}
        series={[{ name: 'last second with prompts', tone: 'a', points }]}
        now={now}
        spanMs={SPAN_MS}
        top={1}
        format={percent}
      />
    </>
  );
}
