import { answer } from '../../engine/answer.js';
import type { GenerateDeps } from '../native/generate.js';
import type { Route } from '../../http/router.js';
import { askClassify } from './classify.js';
import type { EmbedDeps } from './embed.js';
import { askEmbeddings } from './embeddings.js';
import {
  CLASSIFY_FIELDS,
  EMBEDDINGS_FIELDS,
  RERANK_FIELDS,
  SCORE_FIELDS,
  SPARSE_FIELDS,
} from './fields.js';
import { createEncodeHandler } from './encode.js';
import { openAiRoute } from './openai-route.js';
import { rerank } from './rerank.js';
import { rerankResults, type RerankDialect } from './rerank-results.js';
import { askScore } from './score.js';
import { askSparse } from './sparse.js';

/** Where others than SGLang look for a reranker. */
const RESULT_ROUTES: readonly (readonly [string, RerankDialect])[] = [
  ['/rerank', 'jina'],
  ['/v2/rerank', 'cohere'],
];

/** Everything that answers with vectors, scores or labels instead of text. */
export function createEmbedRoutes(deps: EmbedDeps, generation: GenerateDeps): readonly Route[] {
  const { engine } = deps;
  const encode = createEncodeHandler(deps);
  const encodeRoute = (path: string): Route => ({
    methods: ['POST', 'PUT'],
    path,
    access: 'key',
    handler: encode,
  });
  return [
    encodeRoute('/encode'),
    encodeRoute('/classify'),
    openAiRoute({
      methods: ['POST'],
      path: '/v1/embeddings',
      fields: EMBEDDINGS_FIELDS,
      answer: (read, sink) => answer(askEmbeddings(read, deps), sink, engine),
    }),
    openAiRoute({
      methods: ['POST'],
      path: '/embed_sparse',
      fields: SPARSE_FIELDS,
      answer: (read, sink) => answer(askSparse(read, deps), sink, engine),
    }),
    openAiRoute({
      methods: ['POST', 'PUT'],
      path: '/v1/rerank',
      fields: RERANK_FIELDS,
      answer: (read, sink) => rerank(read, sink, { embed: deps, generation }),
    }),
    ...RESULT_ROUTES.map(([path, dialect]) =>
      openAiRoute({
        methods: ['POST'],
        path,
        fields: RERANK_FIELDS,
        answer: (read, sink) => rerankResults(read, sink, { embed: deps, generation }, dialect),
      }),
    ),
    openAiRoute({
      methods: ['POST'],
      path: '/v1/classify',
      fields: CLASSIFY_FIELDS,
      answer: (read, sink) => answer(askClassify(read, deps), sink, engine),
    }),
    openAiRoute({
      methods: ['POST'],
      path: '/v1/score',
      fields: SCORE_FIELDS,
      answer: (read, sink) => answer(askScore(read, generation), sink, engine),
    }),
  ];
}
