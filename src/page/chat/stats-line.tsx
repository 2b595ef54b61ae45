import { Fact } from '../shared/fact.js';
import { counted, digits, duration } from '../shared/format.js';
import type { AnswerStats } from './message.js';
import { tokensPerSecond } from './speed.js';

/** What an answer cost, in one line. */
export function StatsLine({ stats }: { readonly stats: AnswerStats }) {
  const { promptTokens, completionTokens, cachedTokens, firstMs, totalMs, cacheNote } = stats;
  const perSecond = tokensPerSecond(stats);
  return (
    <>
      <dl class="stats">
        <Fact name="Answer" value={counted(completionTokens, 'token')} />
        <Fact name="Prompt" value={counted(promptTokens, 'token')} />
        <Fact name="Cached" value={counted(cachedTokens, 'token')} />
        <Fact name="First token" value={duration(firstMs)} />
        {perSecond !== null && <Fact name="Speed" value={`${digits(perSecond)} tokens/s`} />}
        <Fact name="In all" value={duration(totalMs)} />
      </dl>
      {cacheNote !== '' && (
        <details class="why">
          <summary>Why no more was cached</summary>
          {cacheNote}
        </details>
      )}
    </>
  );
}
