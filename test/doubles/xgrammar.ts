/** XGrammar's own WebAssembly build, as an oracle: the engine that SGLang uses by default. */
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

interface Matcher {
  _acceptString(text: string): boolean;
  acceptToken(id: number): boolean;
  getNextTokenBitmask(): Promise<Int32Array>;
  isTerminated(): boolean;
  dispose(): void;
}

interface Compiled {
  dispose(): void;
}

interface Compiler {
  compileGrammar(ebnf: string): Promise<Compiled>;
  compileJSONSchema(
    schema: string,
    anyWhitespace: boolean,
    indent: number,
    separators: readonly [string, string] | undefined,
    strictMode: boolean,
    maxWhitespace?: number,
  ): Promise<Compiled>;
  compileStructuralTag(tag: object): Promise<Compiled>;
}

interface XGrammar {
  TokenizerInfo: {
    createTokenizerInfo(
      vocabulary: readonly string[],
      type: string,
      prependsSpace: boolean,
      vocabSize: number,
      stopTokenIds: readonly number[],
    ): Promise<object>;
  };
  GrammarCompiler: { createGrammarCompiler(info: object, caches: boolean): Promise<Compiler> };
  GrammarMatcher: {
    createGrammarMatcher(
      grammar: Compiled,
      stopTokenIds?: readonly number[],
      endsWithoutStop?: boolean,
    ): Promise<Matcher>;
  };
}

/** A UMD file that its package calls a module: it finds its own `require` only where one is global. */
async function load(): Promise<XGrammar> {
  const require = createRequire(import.meta.url);
  const path = require.resolve('@mlc-ai/web-xgrammar');
  const globals = globalThis as unknown as Record<string, unknown>;
  globals['require'] = require;
  globals['__filename'] = fileURLToPath(pathToFileURL(path));
  await import('@mlc-ai/web-xgrammar');
  return globals['xgrammar'] as XGrammar;
}

/** Opens the oracle over tokens spelled in GPT-2's byte alphabet; an empty one is special. */
export async function openXGrammar(tokens: readonly string[], stopTokenId: number) {
  const { TokenizerInfo, GrammarCompiler, GrammarMatcher } = await load();
  const info = await TokenizerInfo.createTokenizerInfo(tokens, 'byte_level', false, tokens.length, [
    stopTokenId,
  ]);
  const compiler = await GrammarCompiler.createGrammarCompiler(info, false);
  return {
    compiler,
    matcher: (grammar: Compiled) => GrammarMatcher.createGrammarMatcher(grammar),
  };
}
