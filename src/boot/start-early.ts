/** What takes long and needs no model, before anything else is imported: the thread of a device loads its code. */
export async function startEarly(): Promise<void> {
  const { prepareThread } = await import('../device/pool.js');
  prepareThread();
}
