import { ClientError } from '../client/client-error.js';
import { listOf, objectOf } from '../client/deltas.js';
import type { AskOptions, HttpClient } from '../client/http-client.js';
import type { Dialect, Prompt } from './dialects.js';
import type { Random } from './random.js';
import { WORDS } from './words.js';

/** What prompts are made of: tokens where the server takes them, else words whose tokens were measured. */
export interface PromptMaker {
  /** So much of a prompt as is `numTokens` long, drawn at random; `isWhole` counts what the server adds. */
  draw(numTokens: number, random: Random, isWhole: boolean): readonly Unit[];
  /** What was drawn, one behind another. */
  join(units: readonly Unit[]): Prompt;
}

export type Unit = string | number;

export interface MakerOptions extends AskOptions {
  readonly dialect: Dialect;
  readonly model: string;
  readonly random: Random;
}

/** Meets the server: exact where it has `/tokenize`, as SGLang has, and takes tokens. @throws ClientError */
export async function promptMaker(client: HttpClient, options: MakerOptions): Promise<PromptMaker> {
  const ids = options.dialect.name === 'sglang' ? await tokensOfWords(client, options) : [];
  return ids.length > 0 ? tokenMaker(ids) : wordMaker(await measureWords(client, options));
}

/** Tokens of ordinary words: no special ones. None = the server does not tell. @throws ClientError */
async function tokensOfWords(
  client: HttpClient,
  options: MakerOptions,
): Promise<readonly number[]> {
  const body = { model: options.model, prompt: WORDS.join(' '), add_special_tokens: false };
  try {
    const answer = objectOf(await client.postJson('/tokenize', body, options));
    const ids = listOf(answer['tokens']).filter((id): id is number => typeof id === 'number');
    return [...new Set(ids)];
  } catch (error) {
    if (error instanceof ClientError && error.status !== null && error.status < 500) return [];
    throw error;
  }
}

export function tokenMaker(ids: readonly number[]): PromptMaker {
  return {
    draw: (numTokens, random) => pick(ids, numTokens, random),
    join: (units) => units as readonly number[],
  };
}

/** Tokens of a prompt: `perWord` for each word, and `added` by the server. */
export interface WordCosts {
  readonly perWord: number;
  readonly added: number;
}

export function wordMaker({ perWord, added }: WordCosts): PromptMaker {
  return {
    draw: (numTokens, random, isWhole) => {
      const numWords = Math.round((numTokens - (isWhole ? added : 0)) / perWord);
      return pick(WORDS, Math.max(1, numWords), random);
    },
    join: (units) => units.join(' '),
  };
}

function pick<One>(list: readonly One[], count: number, random: Random): readonly One[] {
  return Array.from({ length: count }, () => {
    const one = list[random.between(0, list.length - 1)];
    if (one === undefined) throw new Error('this is a bug: nothing to pick from');
    return one;
  });
}

const FEW = 32;
const MANY = 160;

/** Two short requests tell it, by what the server counts; one that does not count has a token a word. */
async function measureWords(client: HttpClient, options: MakerOptions): Promise<WordCosts> {
  const few = await countPrompt(client, FEW, options);
  const many = await countPrompt(client, MANY, options);
  if (few === null || many === null || many <= few) return { perWord: 1, added: 0 };
  const perWord = (many - few) / (MANY - FEW);
  return { perWord, added: Math.max(0, few - FEW * perWord) };
}

async function countPrompt(
  client: HttpClient,
  numWords: number,
  options: MakerOptions,
): Promise<number | null> {
  const { dialect, model, random } = options;
  const row = {
    prompt: pick(WORDS, numWords, random).join(' '),
    promptLen: numWords,
    outputLen: 1,
  };
  const extra = { stream: false, stream_options: undefined };
  const body = dialect.body(row, { model, ignoreEos: false, temperature: 0, extra });
  return dialect.counts(await client.postJson(dialect.path, body, options)).promptTokens;
}
