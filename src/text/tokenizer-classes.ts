/** What the tokenizer classes of transformers 4.57 do beyond their tokenizer.json. */

/** How a vocabulary without a tokenizer.json is converted: by the name of transformers' converter. */
export type SlowKind = 'bert' | 'gpt2' | 'qwen2' | 'roberta';

/** How a class rewrites what tokenizer.json says. */
type Rewrite =
  /** The post-processor is made anew of `add_bos_token` and `add_eos_token`. */
  | 'bos-eos'
  /** `do_lower_case`, `strip_accents` and `tokenize_chinese_chars` go into the BertNormalizer. */
  | 'bert'
  /** `add_prefix_space: true` reaches nested pre-tokenizers too. */
  | 'nested-prefix-space';

export interface TokenizerClass {
  /** Special tokens where no file names them, e.g. `{ bos_token: '<s>' }`. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly rewrites: readonly Rewrite[];
  readonly addBos: boolean;
  /** A mask token that is a plain string also takes the space before it. */
  readonly maskTakesSpace: boolean;
  /** Converted anew from its SentencePiece model when `add_prefix_space` is given; null = never. */
  readonly convertedAs: 'llama' | 't5' | null;
  /** How its vocabulary is converted where there is no tokenizer.json; null = it is not. */
  readonly slow: SlowKind | null;
}

function classOf(
  tokens: Readonly<Record<string, string>>,
  options: Partial<Omit<TokenizerClass, 'tokens'>> = {},
): TokenizerClass {
  const none = {
    rewrites: [],
    addBos: false,
    maskTakesSpace: false,
    convertedAs: null,
    slow: null,
  };
  return { tokens, ...none, ...options };
}

const GENERIC = classOf({});

const BRACKETS = {
  unk_token: '[UNK]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  cls_token: '[CLS]',
  mask_token: '[MASK]',
};
const ROBERTA = {
  bos_token: '<s>',
  eos_token: '</s>',
  unk_token: '<unk>',
  sep_token: '</s>',
  pad_token: '<pad>',
  cls_token: '<s>',
  mask_token: '<mask>',
};
const END_OF_TEXT = {
  bos_token: '<|endoftext|>',
  eos_token: '<|endoftext|>',
  unk_token: '<|endoftext|>',
};
const SENTENCE_PIECE = { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' };
const FUNNEL = {
  bos_token: '<s>',
  eos_token: '</s>',
  unk_token: '<unk>',
  sep_token: '<sep>',
  pad_token: '<pad>',
  cls_token: '<cls>',
  mask_token: '<mask>',
};

const BERT = classOf(BRACKETS, { rewrites: ['bert'], slow: 'bert' });
const CODE_LLAMA = classOf(SENTENCE_PIECE, { rewrites: ['bos-eos'], addBos: true });
const LLAMA: TokenizerClass = { ...CODE_LLAMA, convertedAs: 'llama' };
const BART = classOf(ROBERTA, { maskTakesSpace: true });
const ROBERTA_LIKE: TokenizerClass = { ...BART, slow: 'roberta' };

/** By name, without the `Fast` at its end. */
const CLASSES: Readonly<Record<string, TokenizerClass>> = {
  AlbertTokenizer: classOf(
    {
      ...BRACKETS,
      bos_token: '[CLS]',
      eos_token: '[SEP]',
      unk_token: '<unk>',
      pad_token: '<pad>',
    },
    { maskTakesSpace: true },
  ),
  BartTokenizer: ROBERTA_LIKE,
  BarthezTokenizer: BART,
  BertTokenizer: BERT,
  BloomTokenizer: classOf(
    { ...SENTENCE_PIECE, pad_token: '<pad>' },
    { rewrites: ['nested-prefix-space'] },
  ),
  CamembertTokenizer: BART,
  CodeGenTokenizer: classOf(END_OF_TEXT, { slow: 'gpt2' }),
  CodeLlamaTokenizer: CODE_LLAMA,
  CohereTokenizer: classOf(
    { bos_token: '<BOS_TOKEN>', eos_token: '<|END_OF_TURN_TOKEN|>', unk_token: '<UNK>' },
    { rewrites: ['bos-eos', 'nested-prefix-space'], addBos: true },
  ),
  ConvBertTokenizer: BERT,
  DebertaTokenizer: classOf(
    { ...BRACKETS, bos_token: '[CLS]', eos_token: '[SEP]' },
    { maskTakesSpace: true },
  ),
  DebertaV2Tokenizer: classOf({ ...BRACKETS, bos_token: '[CLS]', eos_token: '[SEP]' }),
  DistilBertTokenizer: BERT,
  ElectraTokenizer: BERT,
  FunnelTokenizer: classOf(FUNNEL, { rewrites: ['bert'] }),
  GPT2Tokenizer: classOf(END_OF_TEXT, { slow: 'gpt2' }),
  GPTNeoXTokenizer: classOf(END_OF_TEXT, { rewrites: ['bos-eos'] }),
  GemmaTokenizer: classOf(
    { bos_token: '<bos>', eos_token: '<eos>', unk_token: '<unk>', pad_token: '<pad>' },
    { rewrites: ['bos-eos'], addBos: true },
  ),
  LayoutLMTokenizer: BERT,
  LlamaTokenizer: LLAMA,
  LongformerTokenizer: ROBERTA_LIKE,
  LxmertTokenizer: BERT,
  MPNetTokenizer: classOf(
    { ...ROBERTA, unk_token: '[UNK]' },
    { rewrites: ['bert'], maskTakesSpace: true },
  ),
  MobileBertTokenizer: BERT,
  Qwen2Tokenizer: classOf(
    { eos_token: '<|endoftext|>', unk_token: '<|endoftext|>', pad_token: '<|endoftext|>' },
    { slow: 'qwen2' },
  ),
  RobertaTokenizer: ROBERTA_LIKE,
  SqueezeBertTokenizer: BERT,
  T5Tokenizer: classOf(
    { eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>' },
    { convertedAs: 't5' },
  ),
  XLMRobertaTokenizer: BART,
};

/** The class of a model whose tokenizer_config.json names none, by `model_type` of config.json. */
const BY_MODEL_TYPE: Readonly<Record<string, string>> = {
  bert: 'BertTokenizer',
  bloom: 'BloomTokenizer',
  cohere: 'CohereTokenizer',
  deepseek_v2: 'LlamaTokenizer',
  deepseek_v3: 'LlamaTokenizer',
  distilbert: 'DistilBertTokenizer',
  electra: 'ElectraTokenizer',
  gemma: 'GemmaTokenizer',
  gemma2: 'GemmaTokenizer',
  gemma3_text: 'GemmaTokenizer',
  gpt2: 'GPT2Tokenizer',
  gpt_neox: 'GPTNeoXTokenizer',
  llama: 'LlamaTokenizer',
  mistral: 'LlamaTokenizer',
  mixtral: 'LlamaTokenizer',
  mpnet: 'MPNetTokenizer',
  olmo: 'GPTNeoXTokenizer',
  olmo2: 'GPTNeoXTokenizer',
  phi3: 'LlamaTokenizer',
  qwen2: 'Qwen2Tokenizer',
  qwen2_moe: 'Qwen2Tokenizer',
  qwen3: 'Qwen2Tokenizer',
  qwen3_moe: 'Qwen2Tokenizer',
  roberta: 'RobertaTokenizer',
  'xlm-roberta': 'XLMRobertaTokenizer',
};

/** One with nothing beyond tokenizer.json for names that transformers does not know. */
export function tokenizerClass(name: unknown, modelType: unknown): TokenizerClass {
  const given = typeof name === 'string' ? name : lookUp(BY_MODEL_TYPE, modelType);
  return lookUp(CLASSES, given?.replace(/Fast$/, '')) ?? GENERIC;
}

function lookUp<T>(table: Readonly<Record<string, T>>, key: unknown): T | undefined {
  return typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined;
}
