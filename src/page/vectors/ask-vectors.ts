import { postJson } from '../shared/api.js';
import { listOf, numberOf, objectOf } from '../shared/json.js';
import { cosine } from './similarity.js';

export interface Ranked {
  readonly text: string;
  readonly score: number;
}

/** A vector of each text. @throws ServerError */
export async function vectorsOf(texts: readonly string[]): Promise<readonly (readonly number[])[]> {
  const answer = objectOf(await postJson('v1/embeddings', { model: 'default', input: texts }));
  return listOf(answer['data']).map((entry) =>
    listOf(objectOf(entry)['embedding']).map((value) => numberOf(value) ?? 0),
  );
}

/** The texts by how well each answers the query, the best first; by the cosine where the model makes vectors. @throws ServerError */
export async function ranked(
  query: string,
  texts: readonly string[],
  makesVectors: boolean,
): Promise<readonly Ranked[]> {
  const scores = makesVectors ? await cosines(query, texts) : await reranked(query, texts);
  return [...scores].sort((a, b) => b.score - a.score);
}

async function cosines(query: string, texts: readonly string[]): Promise<readonly Ranked[]> {
  const [first = [], ...others] = await vectorsOf([query, ...texts]);
  return others.map((vector, index) => ({
    text: texts[index] ?? '',
    score: cosine(first, vector),
  }));
}

async function reranked(query: string, texts: readonly string[]): Promise<readonly Ranked[]> {
  const body = { model: 'default', query, documents: texts, return_documents: false };
  return listOf(await postJson('v1/rerank', body)).map((entry) => {
    const { index, score } = objectOf(entry);
    return { text: texts[numberOf(index) ?? -1] ?? '', score: numberOf(score) ?? 0 };
  });
}
