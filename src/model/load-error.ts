import { StartupError } from '../core/errors.js';

/** Why a model could not be loaded. The CLI maps every code to a sentence and a non-zero exit. */
export type ModelLoadCode =
  | 'folder_not_found'
  | 'repo_not_found'
  | 'repo_forbidden'
  | 'offline'
  | 'download_failed'
  | 'disk_full'
  | 'bad_config'
  | 'bad_checkpoint'
  | 'unsafe_format'
  | 'bad_option';

/** A user's mistake or a broken file: `message` is one sentence that names the file or tensor. */
export class ModelLoadError extends StartupError {
  constructor(
    readonly code: ModelLoadCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
