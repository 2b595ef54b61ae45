import { ConfigFields } from '../families/config-fields.js';
import { ModelLoadError } from '../load-error.js';
import type { JsonObject } from '../source/model-source.js';
import { TASK_FIELD, taskNames } from './encoders/task-adapters.js';

/**
 * config.json with the task that `--embedding-task` asks for; null = the one that it names itself, or none, which is worth
 * a warning where there are some.
 *
 * @throws ModelLoadError for a task that the model has no adapters for
 */
export function forTask(
  config: JsonObject,
  asked: string | null,
  warn: (message: string) => void,
): JsonObject {
  const fields = new ConfigFields(config, 'config.json');
  const tasks = taskNames(fields);
  const task = asked ?? (fields.has(TASK_FIELD) ? fields.text(TASK_FIELD) : null);
  if (task === null) {
    if (tasks.length > 0) {
      warn(
        `This model has adapters for tasks, and none is asked for: its own weights answer. --embedding-task takes ` +
          `one of ${tasks.join(', ')}.`,
      );
    }
    return config;
  }
  if (tasks.includes(task)) return { ...config, [TASK_FIELD]: task };
  const which = tasks.length === 0 ? 'none at all' : `those of ${tasks.join(', ')}`;
  throw new ModelLoadError(
    'bad_option',
    `--embedding-task ${task} is not possible: of adapters for tasks this model has ${which}.`,
  );
}
