import { refuse, RequestError } from '../../core/errors.js';
import type { FieldReader } from '../../http/field-reader.js';
import type { Unobserved } from '../../observability/engine-events.js';

/** What `--enable-priority-scheduling` and its companions say about the field `priority`. */
export interface PriorityRules {
  readonly isEnabled: boolean;
  /** `--schedule-low-priority-values-first` */
  readonly lowValuesFirst: boolean;
  /** `--default-priority-value`, of requests that bring none; null = after all that do. */
  readonly defaultValue: number | null;
  /** `--abort-on-priority-when-disabled` */
  readonly abortWhenDisabled: boolean;
}

/** The priority to schedule by. @throws RequestError where a priority is not wanted */
export function resolvePriority(given: number | null, rules: PriorityRules): number {
  if (rules.isEnabled) return given ?? rules.defaultValue ?? lowest(rules);
  if (given !== null && rules.abortWhenDisabled) {
    throw new RequestError(
      'PRIORITY_DISABLED',
      'Using priority is disabled for this server. Please send a new request without a priority.',
    );
  }
  return 0;
}

function lowest({ lowValuesFirst }: PriorityRules): number {
  return lowValuesFirst ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
}

/** `log_metrics` and `no_logs` of the native routes. */
export function parseUnobserved(read: FieldReader): Required<Unobserved> {
  return {
    isUnmetered: read.boolean('log_metrics') === false,
    isUnlogged: read.boolean('no_logs') === true,
  };
}

/** `data_parallel_rank` is the older name. */
export function dpRankOf(read: FieldReader, dpSize: number): number | null {
  const rank = read.integer('routed_dp_rank') ?? read.integer('data_parallel_rank');
  if (rank !== null && (rank < 0 || rank >= dpSize)) {
    refuse(`routed_dp_rank must be in [0, ${dpSize - 1}], got ${rank}.`);
  }
  return rank;
}
