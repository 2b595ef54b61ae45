import type { Meter } from './meter.js';
import type { Kwargs, Value } from './values.js';

/** What filters and tests need of the rendering that calls them. */
export interface Runtime {
  readonly meter: Meter;
  /** @throws TemplateError TemplateRuntimeError when there is none of this name */
  callFilter(name: Value, of: Value, args: readonly Value[], kwargs: Kwargs): Value;
  /** @throws TemplateError TemplateRuntimeError when there is none of this name */
  callTest(name: Value, of: Value, args: readonly Value[], kwargs: Kwargs): boolean;
}

/** Bound arguments in the order of the parameters; undefined = left out. */
export type Bound = readonly (Value | undefined)[];

export interface Filter {
  /** `name` or `name?` as in {@link bind}; null = the filter takes arguments as they come. */
  readonly params: readonly string[] | null;
  run(value: Value, args: Bound, runtime: Runtime, kwargs: Kwargs): Value;
}

export const filter = (params: string, run: Filter['run']): Filter => ({
  params: params === '' ? [] : params.split(' '),
  run,
});
