/** What `--tool-call-parser` may name, by SGLang's names. */
export const TOOL_PARSERS = [
  'deepseekv3',
  'deepseekv31',
  'glm',
  'glm45',
  'glm47',
  'gpt-oss',
  'hermes',
  'kimi_k2',
  'llama3',
  'minimax-m2',
  'mistral',
  'nanbeige',
  'pythonic',
  'qwen',
  'qwen25',
  'qwen3_coder',
  'step3',
  'step3p5',
] as const;
export type ToolParserName = (typeof TOOL_PARSERS)[number];

/** What `--reasoning-parser` may name. */
export const REASONING_PARSERS = [
  'deepseek-r1',
  'glm45',
  'gpt-oss',
  'kimi',
  'kimi_k2',
  'minimax',
  'nano_v3',
  'nemotron_3',
  'qwen3',
  'qwen3-thinking',
  'step3',
  'step3p5',
] as const;
export type ReasoningParserName = (typeof REASONING_PARSERS)[number];

/** Tool parsers that SGLang has and this server does not. */
export const FOREIGN_TOOL_PARSERS: readonly string[] =
  `apertus2509 beam cohere_command4 deepseekv32 deepseekv4 deepseekv41 dots gemma4 gigachat3 gigachat35 hunyuan
   inkling interns1 iquest_q1 k2_horizon kimi_k3 lfm2 ling3 mimo minicpm5 minimax-m3 muse poolside_v1
   response_template spark25 trinity`.split(/\s+/);

/** Reasoning parsers that SGLang has and this server does not. */
export const FOREIGN_REASONING_PARSERS: readonly string[] =
  `apertus2509 beam cohere_command4 deepseek-v3 deepseek-v4 deepseek-v41 dots gemma4 gigachat35
   granite_thinking_parser hunyuan inkling interns1 iquest_q1 k2_horizon kimi_k3 ling3 mimo minimax-append-think
   minimax-m3 mistral muse nanbeige poolside_v1 response_template`.split(/\s+/);

/** What `--completion-template` may name. */
export const FIM_NAMES = ['deepseek_coder', 'qwen_coder', 'star_coder'] as const;
export type FimName = (typeof FIM_NAMES)[number];
