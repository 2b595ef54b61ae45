import type { ServerArgs } from '../config/server-args.js';
import { StartupError } from '../core/errors.js';
import type { ExpertRecording } from '../core/expert-recording.js';
import type { ModelSpec } from '../core/model-spec.js';

/**
 * What the recorder is to record, or null without `--expert-distribution-recorder-mode`.
 * @throws StartupError for a model without experts
 */
export function expertRecording(args: ServerArgs, spec: ModelSpec): ExpertRecording | null {
  const mode = args.expertDistributionRecorderMode;
  const bufferSize = args.expertDistributionRecorderBufferSize;
  if (mode === null) return null;
  if (spec.moe === null) {
    throw new StartupError(
      'ExpertLocationMetadata is required for expert distribution recording: ' +
        `${spec.architecture} has no experts. Leave --expert-distribution-recorder-mode out.`,
    );
  }
  if (bufferSize === 0) {
    throw new StartupError('--expert-distribution-recorder-buffer-size must be at least 1, or -1.');
  }
  const { layers, numExperts, topK } = spec.moe;
  return { mode, bufferSize, numLayers: spec.numLayers, layers, numExperts, topK };
}
