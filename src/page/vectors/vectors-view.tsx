import { useState } from 'preact/hooks';

import type { ServerFacts } from '../shared/facts.js';
import { Segments } from '../shared/segments.js';
import { MatrixPanel } from './matrix-panel.js';
import { RankPanel } from './rank-panel.js';

const PANELS = ['Similarity', 'Ranking'] as const;

/** What a model without words can do: compare texts, and rank them. */
export function VectorsView({ facts }: { readonly facts: ServerFacts }) {
  const makesVectors = facts.ability === 'embed';
  const [panel, setPanel] = useState<(typeof PANELS)[number]>(
    makesVectors ? 'Similarity' : 'Ranking',
  );
  return (
    <div class="view">
      <header class="view-head">
        <h1>{panel}</h1>
        {makesVectors && (
          <Segments label="What is shown" names={PANELS} chosen={panel} onChoose={setPanel} />
        )}
      </header>
      {panel === 'Similarity' ? <MatrixPanel /> : <RankPanel makesVectors={makesVectors} />}
    </div>
  );
}
