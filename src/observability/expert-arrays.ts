import type { ExpertDump, ExpertPass, ExpertTokens } from '../core/expert-recording.js';
import type { NamedArray } from './safetensors-writer.js';

/** A layer that does not route, in arrays of choices: SGLang's padding. */
const NO_EXPERT = -1;

/** The dump as arrays, under SGLang's names. */
export function expertArrays(dump: ExpertDump): NamedArray[] {
  const { mode } = dump.recording;
  if (mode === 'stat' || mode === 'stat_approx') return [countsArray(dump, 'logical_count')];
  const { passes, recording } = dump;
  const ofPasses = (name: string, value: (pass: ExpertPass) => number): NamedArray => ({
    name,
    shape: [passes.length],
    data: Int32Array.from(passes, value),
  });
  return [
    countsArray(dump, 'global_physical_count'),
    ofPasses('forward_pass_id', (pass) => pass.forwardPassId),
    ofPasses('rank', (pass) => pass.rank),
    {
      name: 'last_physical_to_logical_map',
      shape: [recording.numLayers, recording.numExperts],
      data: identityMap(recording.numLayers, recording.numExperts),
    },
    ...(mode === 'per_token' ? tokenArrays(dump) : []),
  ];
}

/** `[passes, numLayers, numExperts]`. Physical experts are the logical ones here. */
function countsArray({ recording, passes }: ExpertDump, name: string): NamedArray {
  const { numLayers, numExperts } = recording;
  const width = numLayers * numExperts;
  const data = new Int32Array(passes.length * width);
  passes.forEach(({ counts }, i) => {
    data.set(counts, i * width);
  });
  return { name, shape: [passes.length, numLayers, numExperts], data };
}

/** Tokens of all passes one after the other; `num_tokens` says where each pass ends. */
function tokenArrays({ recording, passes }: ExpertDump): NamedArray[] {
  const tokens = passes.flatMap((pass) => pass.tokens ?? []);
  const join = (name: string, of: (tokens: ExpertTokens) => Int32Array): NamedArray => {
    const data = Int32Array.from(tokens.flatMap((one) => [...of(one)]));
    return { name, shape: [data.length], data };
  };
  const inputIds = join('input_ids', (one) => one.inputIds);
  const { numLayers, topK } = recording;
  const perPass = tokens.map((one) => topkIdsOfLayer(recording, one));
  return [
    inputIds,
    join('positions', (one) => one.positions),
    join('num_tokens', (one) => Int32Array.of(one.inputIds.length)),
    join('forward_mode', (one) => Int32Array.of(one.forwardMode)),
    {
      name: 'topk_ids_of_layer',
      shape: [numLayers, inputIds.data.length, topK],
      data: Int32Array.from(
        Array.from({ length: numLayers }, (_, layer) =>
          perPass.flatMap((layers) => [...(layers[layer] ?? [])]),
        ).flat(),
      ),
    },
  ];
}

/** One `[tokens, topK]` per layer of the model. */
export function topkIdsOfLayer(
  { numLayers, layers, topK }: ExpertDump['recording'],
  { experts, inputIds }: ExpertTokens,
): Int32Array[] {
  const width = layers.length * topK;
  return Array.from({ length: numLayers }, (_, layer) => {
    const ids = new Int32Array(inputIds.length * topK).fill(NO_EXPERT);
    const at = layers.indexOf(layer);
    if (at < 0) return ids;
    for (let token = 0; token < inputIds.length; token++) {
      const from = token * width + at * topK;
      ids.set(experts.subarray(from, from + topK), token * topK);
    }
    return ids;
  });
}

export function identityMap(numLayers: number, numExperts: number): Int32Array {
  return Int32Array.from({ length: numLayers * numExperts }, (_, i) => i % numExperts);
}
