import type { LinearPlan, TensorPlan } from '../../plan/tensors.js';

export interface LinearShape {
  readonly in: number;
  /** Checkpoint module and its rows. */
  readonly parts: readonly (readonly [module: string, out: number])[];
  readonly bias: boolean;
}

/** A place in the network ('' = its root), under its logical name and under its name in the checkpoint. */
export class Names {
  constructor(
    readonly logical: string,
    readonly checkpoint: string,
  ) {}

  below(logical: string, checkpoint: string): Names {
    return new Names(join(this.logical, logical), this.within(checkpoint).checkpoint);
  }

  /** The same place, whose parts the checkpoint has under `module`; '' = where it is. */
  within(module: string): Names {
    return module === '' ? this : new Names(this.logical, join(this.checkpoint, module));
  }

  tensor(name: string, parameter: string, shape: readonly number[]): TensorPlan {
    return { name: join(this.logical, name), checkpoint: join(this.checkpoint, parameter), shape };
  }

  linear(name: string, shape: LinearShape): LinearPlan {
    return {
      name: join(this.logical, name),
      in: shape.in,
      out: shape.parts.reduce((sum, [, out]) => sum + out, 0),
      parts: shape.parts.map(([module, out]) => ({
        weight: join(this.checkpoint, `${module}.weight`),
        bias: shape.bias ? join(this.checkpoint, `${module}.bias`) : null,
        out,
      })),
    };
  }
}

function join(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`;
}
