import type { AnswerSink } from '../../engine/answer-sink.js';
import type { NumberedEvent } from './events.js';

/** Events of one response that are kept, and perhaps still grow. */
export interface EventSource {
  readonly events: readonly NumberedEvent[];
  /** The last event is the end. */
  readonly isEnded: boolean;
  /** Calls back after every event. @returns how to stop that */
  onNews(listener: () => void): () => void;
}

/** Sends events as they come, those after `startingAfter`, until the last or until the client leaves. */
export function followEvents(source: EventSource, sink: AnswerSink, startingAfter: number): void {
  const { events } = source;
  const stream = sink.startEvents();
  let next = events.filter(({ sequence_number: at }) => at <= startingAfter).length;
  // A stream says at least how it ended.
  if (source.isEnded) next = Math.min(next, events.length - 1);
  let stop = (): void => undefined;
  const send = (): void => {
    while (stream.isWritable && next < events.length) {
      const event = events[next++];
      if (!source.isEnded || next < events.length) {
        stream.send(event);
        continue;
      }
      stop();
      stream.end(event);
    }
  };
  stop = source.onNews(send);
  stream.onDrain(send);
  sink.onAbortable(() => {
    stop();
  }, false);
  send();
}
