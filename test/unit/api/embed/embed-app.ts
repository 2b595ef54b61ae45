import type { Test } from 'tap';
import type { ServerArgs } from '../../../../src/config/server-args.js';
import type { EmbeddingSpec, ModelSpec } from '../../../../src/core/model-spec.js';
import type { ServedModel } from '../../../../src/engine/served-model.js';
import { startApp, type TestApp } from '../test-app.js';
import { VOCAB_SIZE } from '../tiny-tokenizer.js';

const EMBEDDER: EmbeddingSpec = {
  kind: 'embedding',
  dim: 4,
  pooling: ['mean'],
  normalize: true,
  matryoshka: null,
  labels: null,
  squashes: false,
};

export const CROSS_ENCODER: Partial<EmbeddingSpec> = {
  kind: 'classification',
  dim: 1,
  pooling: ['cls'],
  normalize: false,
  labels: ['LABEL_0'],
};

const CONTEXT_LENGTH = 40;

/** A front end over an embedding model whose answers the test makes. Tokens are bytes. */
export async function startEmbedApp(
  t: Test,
  embedding: Partial<EmbeddingSpec> = {},
  args: Partial<ServerArgs> = {},
  model: Partial<ServedModel> = {},
): Promise<TestApp> {
  const spec: ModelSpec = {
    architecture: 'BertModel',
    modelType: 'bert',
    format: 'none',
    kvType: 'f32',
    weightBytes: 1024,
    numLayers: 2,
    numHeads: 2,
    numKvHeads: 1,
    headDim: 4,
    hiddenSize: 8,
    vocabSize: VOCAB_SIZE,
    contextLength: CONTEXT_LENGTH,
    slidingWindow: null,
    windows: [],
    moe: null,
    state: null,
    embedding: { ...EMBEDDER, ...embedding },
  };
  const app = await startApp(args, { ...model, spec });
  t.teardown(() => {
    app.app.close();
  });
  return app;
}
