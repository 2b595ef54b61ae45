import { useState } from 'preact/hooks';

import { Fault } from '../shared/fault.js';
import { useTask } from '../shared/use-task.js';
import { vectorsOf } from './ask-vectors.js';
import { linesOf, shadeOf, similarityMatrix } from './similarity.js';

const MOST_TEXTS = 24;
const NUM_SHADES = 6;

interface Matrix {
  readonly texts: readonly string[];
  readonly values: readonly number[][];
}

/** Every text beside every other. */
export function MatrixPanel() {
  const [text, setText] = useState('');
  const { result, fault, isBusy, run } = useTask<Matrix>();
  const texts = linesOf(text).slice(0, MOST_TEXTS);
  return (
    <form
      class="panel"
      onSubmit={(event) => {
        event.preventDefault();
        run(async () => ({ texts, values: similarityMatrix(await vectorsOf(texts)) }));
      }}
    >
      <label>
        <span>
          Texts <span class="hint">one a line, at most {MOST_TEXTS}</span>
        </span>
        <textarea
          rows={6}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
          }}
        />
      </label>
      <button type="submit" class="button main" disabled={isBusy || texts.length < 2}>
        Compare
      </button>
      <Fault sentence={fault} />
      {result !== null && <MatrixTable {...result} />}
    </form>
  );
}

function MatrixTable({ texts, values }: Matrix) {
  const others = values.flatMap((row, i) => row.filter((_, j) => i !== j));
  const range = [Math.min(...others), Math.max(...others)] as const;
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label="Similarity of the texts">
      <table class="matrix">
        <thead>
          <tr>
            <td />
            {texts.map((text, index) => (
              <th key={index} scope="col" title={text}>
                {index + 1}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {values.map((row, i) => (
            <tr key={i}>
              <th scope="row" title={texts[i]}>
                <span class="matrix-number">{i + 1}</span> {texts[i]}
              </th>
              {row.map((value, j) => (
                <td
                  key={j}
                  class={i === j ? 'own' : `shade${shadeOf(value, range, NUM_SHADES)}`}
                  title={`${texts[i] ?? ''} / ${texts[j] ?? ''}`}
                >
                  {value.toFixed(2)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
