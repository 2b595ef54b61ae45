import type { RecurrentPlan } from '../../plan/recurrent.js';

/** A layer that keeps a state. */
export interface RecurrentLayer<P extends RecurrentPlan = RecurrentPlan> {
  readonly index: number;
  readonly plan: P;
}
