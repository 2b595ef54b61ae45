/** Probabilities of logits or log-probabilities; -Infinity has none. */
export function softmax(logits: Iterable<number>): number[] {
  const list = [...logits];
  const largest = Math.max(...list);
  const weights = list.map((logit) => (logit === largest ? 1 : Math.exp(logit - largest)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
