import { useState } from 'preact/hooks';

import type { ServerFacts } from '../shared/facts.js';
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
          <div class="segments" role="group" aria-label="What is shown">
            {PANELS.map((name) => (
              <button
                key={name}
                type="button"
                aria-pressed={name === panel}
                onClick={() => {
                  setPanel(name);
                }}
              >
                {name}
              </button>
            ))}
          </div>
        )}
      </header>
      {panel === 'Similarity' ? <MatrixPanel /> : <RankPanel makesVectors={makesVectors} />}
    </div>
  );
}
