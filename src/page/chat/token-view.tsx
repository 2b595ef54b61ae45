import { useMemo, useState } from 'preact/hooks';

import { percent } from '../shared/format.js';
import { Gauge } from '../shared/gauge.js';
import type { AnswerToken } from './message.js';
import { groupsOf, levelOf, type TokenGroup } from './token-groups.js';

/** An answer token by token, coloured by how likely each was; the one that is pointed at shows what else might have stood there. */
export function TokenView({ tokens }: { readonly tokens: readonly AnswerToken[] }) {
  const groups = useMemo(() => groupsOf(tokens), [tokens]);
  const [at, setAt] = useState(0);
  const active = groups[Math.min(at, groups.length - 1)];
  const move = (event: KeyboardEvent): void => {
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: groups.length - 1 }[
      event.key
    ];
    if (to === undefined || groups[to] === undefined) return;
    event.preventDefault();
    setAt(to);
    const list = (event.currentTarget as HTMLElement).children;
    (list[to] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class="token-view">
      <div
        class="tokens"
        role="listbox"
        aria-orientation="horizontal"
        aria-label="Tokens by probability"
        onKeyDown={move}
      >
        {groups.map((group, index) => (
          <span
            key={index}
            role="option"
            aria-selected={index === at}
            aria-label={`${shown(group.text)}, ${percent(group.probability)}`}
            tabIndex={index === at ? 0 : -1}
            class={`token p${levelOf(group.probability)}`}
            onPointerEnter={() => {
              setAt(index);
            }}
            onFocus={() => {
              setAt(index);
            }}
          >
            {group.text}
          </span>
        ))}
      </div>
      {active !== undefined && <Alternatives group={active} />}
    </div>
  );
}

function Alternatives({ group }: { readonly group: TokenGroup }) {
  const [first] = group.tokens;
  if (first === undefined) return null;
  const taken = { text: first.text, logprob: first.logprob };
  const isAmong = first.top.some(({ text }) => text === taken.text);
  const rows = isAmong ? first.top : [...first.top, taken];
  return (
    <table class="alternatives">
      <caption>
        {group.tokens.length > 1 ? `First of ${group.tokens.length} tokens of ` : ''}
        <code>{shown(group.text)}</code>
      </caption>
      <thead class="hidden">
        <tr>
          <th scope="col">Token</th>
          <th scope="col">Probability</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ text, logprob }, index) => (
          <tr key={index} class={text === taken.text ? 'taken' : ''}>
            <td>
              <code>{shown(text)}</code>
            </td>
            <td class="number">
              <Gauge label={`Probability of ${shown(text)}`} value={Math.exp(logprob)} max={1} />
              {percent(Math.exp(logprob))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** With what cannot be seen made visible. */
function shown(text: string): string {
  return text.replaceAll('\n', '⏎').replaceAll('\t', '⇥').replaceAll(' ', '␣');
}
