/** SGLang's `sampling_params` for fields of an OpenAI body; what is not here has the same name. */
const NAMES: Readonly<Record<string, string>> = {
  max_tokens: 'max_new_tokens',
  seed: 'sampling_seed',
};

/** Fields of OpenAI's completions as `sampling_params` of `/generate`. */
export function nativeFields(
  fields: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { response_format: format, ...rest } = fields;
  const named = Object.entries(rest).map(([name, value]) => [NAMES[name] ?? name, value] as const);
  return {
    ...Object.fromEntries<unknown>(named),
    ...schemaOf(format as ResponseFormat | undefined),
  };
}

interface ResponseFormat {
  readonly type: 'json_object' | 'json_schema';
  readonly json_schema?: { readonly schema: unknown };
}

function schemaOf(format: ResponseFormat | undefined): object {
  if (format === undefined) return {};
  const schema = format.json_schema?.schema ?? { type: 'object' };
  return { json_schema: JSON.stringify(schema) };
}
