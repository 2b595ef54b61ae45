import type { ConfigFields } from '../../families/config-fields.js';
import type { LayerPlan } from '../../plan/network.js';
import type { AdapterPlan, LinearPlan, TensorPlan } from '../../plan/tensors.js';
import type { Lines } from '../../weights/packing.js';
import type { TensorView } from '../../weights/tensor-view.js';
import type { PooledTrunk } from '../pooled-plan.js';

/** Which of the adapters that a checkpoint has beside each weight. */
interface TaskChoice {
  readonly task: number;
  readonly numTasks: number;
  readonly rank: number;
  readonly scale: number;
}

/** The field of config.json that `--embedding-task` stands for; jina-embeddings-v3's own code calls it so. */
export const TASK_FIELD = 'default_task';

/** The tasks that a checkpoint has adapters for; none = it has no adapters. */
export function taskNames(fields: ConfigFields): readonly string[] {
  return fields.texts('lora_adaptations');
}

/** The trunk with the adapters of {@link TASK_FIELD}, or as it is where that is not set. */
export function withTaskAdapters(trunk: PooledTrunk, fields: ConfigFields): PooledTrunk {
  const choice = readChoice(fields);
  return choice === null ? trunk : adapted(trunk, new Adapters(choice, trunk.views));
}

function readChoice(fields: ConfigFields): TaskChoice | null {
  if (!fields.has(TASK_FIELD)) return null;
  const tasks = taskNames(fields);
  const task = tasks.indexOf(fields.text(TASK_FIELD));
  if (task < 0) fields.fail(TASK_FIELD, 'one of "lora_adaptations"');
  const rank = fields.size('lora_rank', 4);
  return { task, numTasks: tasks.length, rank, scale: fields.positive('lora_alpha', 1) / rank };
}

function adapted(trunk: PooledTrunk, adapters: Adapters): PooledTrunk {
  const { plan, encoder } = trunk;
  const entry = encoder?.entry ?? null;
  const layers = plan.layers.map((layer): LayerPlan => {
    const { attention, mlp } = layer;
    return {
      ...layer,
      attention: attention && {
        ...attention,
        qkv: adapters.linear(attention.qkv),
        o: adapters.linear(attention.o),
      },
      mlp:
        mlp?.kind === 'plain'
          ? { ...mlp, up: adapters.linear(mlp.up), down: adapters.linear(mlp.down) }
          : mlp,
    };
  });
  return {
    ...trunk,
    plan: { ...plan, layers },
    encoder: encoder && {
      ...encoder,
      entry: entry && {
        ...entry,
        wordsAdapter: adapters.table(plan.embedding),
        ...(entry.tokenTypes === null ? {} : { typesAdapter: adapters.table(entry.tokenTypes) }),
      },
    },
    views: adapters.views,
  };
}

/**
 * Adapters of all tasks lie in two tensors beside a weight: of a linear `[tasks, rank, in]` and `[tasks, out, rank]`, of a
 * table `[tasks, rows, rank]` and `[tasks, rank, columns]`.
 */
class Adapters {
  readonly #choice: TaskChoice;
  readonly #views: TensorView[];

  constructor(choice: TaskChoice, views: readonly TensorView[]) {
    this.#choice = choice;
    this.#views = [...views];
  }

  get views(): readonly TensorView[] {
    return this.#views;
  }

  linear(plan: LinearPlan): LinearPlan {
    const parts = plan.parts.map((part, index) => {
      const fused = this.#views.find(({ name }) => name === part.weight);
      const at = besideWeight(fused?.of ?? part.weight);
      const rows = fused?.ofShape[0] ?? part.out;
      const lines = fused?.lines ?? { begin: 0, run: part.out, stride: part.out, order: null };
      const { rank } = this.#choice;
      const name = `${plan.name}.${index}`;
      const adapter: AdapterPlan = {
        down: this.#part(`${name}.down`, { of: `${at}.lora_A`, rows: rank }, [rank, plan.in]),
        up: this.#part(`${name}.up`, { of: `${at}.lora_B`, rows, lines }, [part.out, rank]),
        scale: this.#choice.scale,
      };
      return { ...part, adapter };
    });
    return { ...plan, parts };
  }

  table({ name, checkpoint, shape }: TensorPlan): AdapterPlan {
    const [rows = 0, columns = 0] = shape;
    const { rank, scale } = this.#choice;
    const at = besideWeight(checkpoint);
    return {
      down: this.#part(`${name}.down`, { of: `${at}.lora_A`, rows }, [rows, rank]),
      up: this.#part(`${name}.up`, { of: `${at}.lora_B`, rows: rank }, [rank, columns]),
      scale,
    };
  }

  /** Rows of those of the task, of which a stacked tensor has `rows`. */
  #part(
    name: string,
    { of, rows, lines }: { readonly of: string; readonly rows: number; readonly lines?: Lines },
    shape: readonly number[],
  ): TensorPlan {
    const { task, numTasks } = this.#choice;
    const own = lines ?? { begin: 0, run: rows, stride: rows, order: null };
    const checkpoint = `${of} of ${name}`;
    this.#views.push({
      name: checkpoint,
      shape,
      of,
      ofShape: [numTasks, rows, shape[1] ?? 0],
      lines: { ...own, begin: task * rows + own.begin },
      along: 'rows',
      first: 0,
    });
    return { name, checkpoint, shape };
  }
}

function besideWeight(weight: string): string {
  return `${weight.replace(/\.weight$/, '')}.parametrizations.weight.0`;
}
