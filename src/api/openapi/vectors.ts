import { type Fields } from '../../http/fields.js';
import {
  CLASSIFY_FIELDS,
  EMBEDDINGS_FIELDS,
  ENCODE_FIELDS,
  RERANK_FIELDS,
  SCORE_FIELDS,
  SPARSE_FIELDS,
} from '../embed/fields.js';
import { bodyOf, COMPUTED, json, LIST, operation, type Operation, ref } from './operation.js';

const embed = (summary: string, fields: Fields, required: string[], answer: string): Operation =>
  operation('vectors', summary, {
    body: bodyOf(fields, required),
    answers: json(ref(answer)),
    statuses: COMPUTED,
  });
const rerank = (whose: string, answers: Operation['answers']): Operation =>
  operation('vectors', `Sort documents by a query, ${whose}.`, {
    body: bodyOf(RERANK_FIELDS, ['query', 'documents']),
    answers,
    statuses: COMPUTED,
  });
const ENCODE = operation('vectors', 'Vectors of texts.', {
  body: bodyOf(ENCODE_FIELDS),
  answers: json({ type: ['object', 'array'] }),
  statuses: COMPUTED,
});

/** Routes that make vectors, labels and scores of texts. */
export const VECTOR_OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /encode': ENCODE,
  'PUT /encode': ENCODE,
  'POST /classify': ENCODE,
  'PUT /classify': ENCODE,
  'POST /v1/embeddings': embed('Vectors of texts.', EMBEDDINGS_FIELDS, ['input'], 'Embeddings'),
  'POST /v1/classify': embed('Labels of texts.', CLASSIFY_FIELDS, ['input'], 'Classified'),
  'POST /v1/score': embed(
    'How probable labels are as the next token.',
    SCORE_FIELDS,
    ['query', 'items', 'label_token_ids'],
    'Scores',
  ),
  'POST /embed_sparse': operation(
    'vectors',
    'Weights that texts give to tokens of the vocabulary.',
    {
      body: bodyOf(SPARSE_FIELDS, ['inputs']),
      answers: json(LIST),
      statuses: COMPUTED,
    },
  ),
  'POST /v1/rerank': rerank('in SGLang’s shape', json(LIST)),
  'PUT /v1/rerank': rerank('in SGLang’s shape', json(LIST)),
  'POST /rerank': rerank('in Jina’s shape', json(ref('Reranked'))),
  'POST /v2/rerank': rerank('in Cohere’s shape', json(ref('Reranked'))),
};
