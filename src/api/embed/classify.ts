import { randomUUID } from 'node:crypto';

import { refuse } from '../../core/errors.js';
import type { FieldReader } from '../../http/field-reader.js';
import { isPerToken } from '../../core/model-spec.js';
import type { EmbedAsk } from '../../engine/ask.js';
import { askVectors, embeddingOf, type EmbedDeps } from './embed.js';
import { promptUsage } from './embeddings.js';
import { rowsOf } from './encode.js';
import { parseInput } from './openai-input.js';
import { ridsOf } from './openai-route.js';
import { softmax } from './softmax.js';

/** POST `/v1/classify`: labels and probabilities, softmax over the logits; of each token where the model labels tokens. */
export function askClassify(read: FieldReader, deps: EmbedDeps): EmbedAsk {
  const sources = parseInput(read.raw('input'));
  const spec = embeddingOf(deps.model);
  const { labels } = spec;
  if (labels === null) {
    return refuse(
      `Model '${deps.model.weights.modelPath}' is not a classification model: it has no labels.`,
    );
  }
  return askVectors({ sources, rids: ridsOf(read, sources.length) }, deps, (answers) => ({
    id: `classify-${randomUUID().replaceAll('-', '')}`,
    object: 'list',
    created: Math.floor(Date.now() / 1000),
    model: deps.model.servedName,
    data: answers.map(({ values, tokens }, index) => {
      const rows = rowsOf(values, spec.dim).map((row) => labelled(row, labels));
      const [only] = rows;
      if (!isPerToken(spec)) return { index, ...only, num_classes: spec.dim };
      const ids = { prompt_token_ids: Array.from(tokens) };
      return { index, tokens: rows, num_classes: spec.dim, ...ids };
    }),
    usage: promptUsage(answers),
  }));
}

/** The most probable label, and the probability of each. */
function labelled(logits: readonly number[], labels: readonly string[]) {
  const best = logits.indexOf(Math.max(...logits));
  return { label: labels[best] ?? `LABEL_${best}`, probs: softmax(logits) };
}
