import type { Generation } from '../../engine/generation.js';
import type { MessagesAsk } from './request.js';

export interface Ending {
  readonly stop_reason:
    'end_turn' | 'max_tokens' | 'model_context_window_exceeded' | 'stop_sequence' | 'tool_use';
  /** The one of `stop_sequences` that came up. */
  readonly stop_sequence: string | null;
}

type Ended = Pick<Generation, 'finish' | 'outputIds'>;
type Asked = Pick<MessagesAsk, 'maxTokens' | 'stopSequences'>;

/** Why an answer ended. A user's abort is the end of a turn, as in SGLang. */
export function endingOf({ finish, outputIds }: Ended, asked: Asked, hasCalls: boolean): Ending {
  if (finish?.type === 'length') {
    const isCut = outputIds.length < asked.maxTokens;
    return ending(isCut ? 'model_context_window_exceeded' : 'max_tokens');
  }
  if (finish?.type !== 'stop') return ending('end_turn');
  const { matched } = finish;
  if (typeof matched === 'string' && asked.stopSequences.includes(matched)) {
    return { stop_reason: 'stop_sequence', stop_sequence: matched };
  }
  return ending(hasCalls ? 'tool_use' : 'end_turn');
}

function ending(reason: Ending['stop_reason']): Ending {
  return { stop_reason: reason, stop_sequence: null };
}
