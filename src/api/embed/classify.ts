import { randomUUID } from 'node:crypto';

import { refuse } from '../../core/errors.js';
import type { FieldReader } from '../../http/field-reader.js';
import type { EmbedAsk } from '../../engine/ask.js';
import { askVectors, embeddingOf, type EmbedDeps } from './embed.js';
import { promptUsage } from './embeddings.js';
import { parseInput } from './openai-input.js';
import { ridsOf } from './openai-route.js';
import { softmax } from './softmax.js';

/** POST `/v1/classify`: labels and probabilities, softmax over the logits. */
export function askClassify(read: FieldReader, deps: EmbedDeps): EmbedAsk {
  const sources = parseInput(read.raw('input'));
  const { labels } = embeddingOf(deps.model);
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
    data: answers.map(({ values }, index) => {
      const best = values.indexOf(Math.max(...values));
      const probs = softmax(values);
      return { index, label: labels[best] ?? `LABEL_${best}`, probs, num_classes: probs.length };
    }),
    usage: promptUsage(answers),
  }));
}
