/** `base:adapter` asks for a LoRA adapter, unless the model's own name has a colon; Ollama's tag is none. */
export function adapterOf(model: string, servedName: string): string | null {
  if (model === servedName || model === `${servedName}:latest`) return null;
  const isOwn = model.startsWith(`${servedName}:`);
  const begin = isOwn ? servedName.length : model.indexOf(':');
  const adapter = begin < 0 ? '' : model.slice(begin + 1).trim();
  return adapter === '' ? null : adapter;
}

/** A chat body's `model` where the served model's adapter is asked for; of any other name a colon is a part. */
export function chatModelOf(model: string, servedName: string): string | null {
  return model.startsWith(`${servedName}:`) ? model : null;
}
