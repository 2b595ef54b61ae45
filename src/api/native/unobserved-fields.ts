import type { Unobserved } from '../../observability/engine-events.js';
import type { FieldReader } from '../../http/field-reader.js';

/** `log_metrics` and `no_logs` of the native routes. */
export function parseUnobserved(read: FieldReader): Required<Unobserved> {
  return {
    isUnmetered: read.boolean('log_metrics') === false,
    isUnlogged: read.boolean('no_logs') === true,
  };
}
