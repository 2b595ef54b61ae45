/** One event of a stream; its place in the stream is given when it leaves. */
export interface ResponseEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** An event at its place. */
export interface NumberedEvent extends ResponseEvent {
  readonly sequence_number: number;
}

/** Numbers the events of one response, from 0 on. */
export class EventNumbers {
  #next: number;

  constructor(first = 0) {
    this.#next = first;
  }

  number({ type, ...fields }: ResponseEvent): NumberedEvent {
    return { type, sequence_number: this.#next++, ...fields };
  }
}
