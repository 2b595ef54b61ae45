import type { StepPlan } from '../../core/batch.js';
import type { SequenceSize } from './run-groups.js';
import type { RunPart } from './run-parts.js';
import type { StepOutput } from './step-output.js';

/** A step that is executed, and what it brings. */
export interface StepRows {
  readonly plan: StepPlan;
  readonly output: StepOutput;
}

/** Rows that extend a sequence: of its prompt, or of a verification. */
export interface Extension {
  readonly size: SequenceSize;
  /** Right before its run; null where its request is gone. */
  part(): RunPart | null;
}
