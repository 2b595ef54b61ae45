/** What machines read of a line beside its message. */
export type LogFields = Readonly<Record<string, string | number>>;

export interface LogSink {
  write(text: string): unknown;
  /** A terminal gets a bar that redraws itself, anything else a line now and then. */
  readonly isTTY?: boolean | undefined;
  /** Of a terminal; 0 = it does not say. */
  readonly columns?: number | undefined;
}
