import { useState } from 'preact/hooks';

import { Fault } from '../shared/fault.js';
import { Gauge } from '../shared/gauge.js';
import { useTask } from '../shared/use-task.js';
import { ranked, type Ranked } from './ask-vectors.js';
import { linesOf } from './similarity.js';

/** Texts in the order in which they answer a question. */
export function RankPanel({ makesVectors }: { readonly makesVectors: boolean }) {
  const [query, setQuery] = useState('');
  const [text, setText] = useState('');
  const { result, fault, isBusy, run } = useTask<readonly Ranked[]>();
  const texts = linesOf(text);
  return (
    <form
      class="panel"
      onSubmit={(event) => {
        event.preventDefault();
        run(() => ranked(query, texts, makesVectors));
      }}
    >
      <label>
        Question
        <input
          type="text"
          value={query}
          onInput={(event) => {
            setQuery(event.currentTarget.value);
          }}
        />
      </label>
      <label>
        <span>
          Texts <span class="hint">one a line</span>
        </span>
        <textarea
          rows={6}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
          }}
        />
      </label>
      <button
        type="submit"
        class="button main"
        disabled={isBusy || query.trim() === '' || texts.length === 0}
      >
        Rank
      </button>
      <Fault sentence={fault} />
      {result !== null && <RankList ranked={result} />}
    </form>
  );
}

function RankList({ ranked: list }: { readonly ranked: readonly Ranked[] }) {
  const best = Math.max(...list.map(({ score }) => score));
  const worst = Math.min(...list.map(({ score }) => score));
  return (
    <ol class="ranking" aria-label="Ranking">
      {list.map(({ text, score }, index) => (
        <li key={index}>
          <Gauge label="Score" value={score} min={Math.min(0, worst)} max={best} />
          <span class="number">{score.toFixed(3)}</span>
          <span>{text}</span>
        </li>
      ))}
    </ol>
  );
}
