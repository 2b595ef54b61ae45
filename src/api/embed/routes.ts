import type { GenerateDeps } from '../native/generate.js';
import type { Route } from '../../http/router.js';
import { answerClassify } from './classify.js';
import type { EmbedDeps } from './embed.js';
import { answerEmbeddings } from './embeddings.js';
import { createEncodeHandler } from './encode.js';
import { openAiRoute } from './openai-route.js';
import { answerRerank } from './rerank.js';
import { answerScore } from './score.js';

/** Everything that answers with vectors, scores or labels instead of text. */
export function createEmbedRoutes(deps: EmbedDeps, generation: GenerateDeps): readonly Route[] {
  const encode = createEncodeHandler(deps);
  return [
    { methods: ['POST', 'PUT'], path: '/encode', handler: encode },
    { methods: ['POST', 'PUT'], path: '/classify', handler: encode },
    openAiRoute({
      methods: ['POST'],
      path: '/v1/embeddings',
      answer: (read, reply) => answerEmbeddings(read, reply, deps),
    }),
    openAiRoute({
      methods: ['POST', 'PUT'],
      path: '/v1/rerank',
      answer: (read, reply) => answerRerank(read, reply, deps),
    }),
    openAiRoute({
      methods: ['POST'],
      path: '/v1/classify',
      answer: (read, reply) => answerClassify(read, reply, deps),
    }),
    openAiRoute({
      methods: ['POST'],
      path: '/v1/score',
      answer: (read, reply) => answerScore(read, reply, generation),
    }),
  ];
}
