/** One of the programs that a bench compares: started once, then asked for one workload at a time. */
export interface Side<Input, Output> {
  readonly name: string;
  /** The process that does the work, so that its CPU time can be read while another side runs. */
  readonly pid: number;
  run(input: Input): Promise<Output>;
  close(): Promise<void>;
}

/** Closes every side, also when the bench fails half-way. */
export async function withSides<Input, Output, Result>(
  starts: readonly (() => Promise<Side<Input, Output>>)[],
  bench: (sides: readonly Side<Input, Output>[]) => Promise<Result>,
): Promise<Result> {
  const sides: Side<Input, Output>[] = [];
  try {
    for (const start of starts) sides.push(await start());
    return await bench(sides);
  } finally {
    await Promise.all(sides.map((side) => side.close()));
  }
}
