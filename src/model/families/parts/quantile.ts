/** Beyond it the share differs from 0 or 1 by less than an f32 tells. */
const FARTHEST = 12;

/** Below which number a standard normal variable is with the probability `share`, in (0, 1). */
export function quantile(share: number): number {
  let [low, high] = [-FARTHEST, FARTHEST];
  for (let step = 0; step < 64; step++) {
    const middle = (low + high) / 2;
    if (shareBelow(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** With which probability a standard normal variable is below `x`: `1/2 + density(x) * (x + x³/3 + x⁵/(3 * 5) + …)`. */
export function shareBelow(x: number): number {
  let term = x;
  let sum = 0;
  for (let odd = 3; sum + term !== sum; odd += 2) {
    sum += term;
    term *= (x * x) / odd;
  }
  return 0.5 + sum * (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI));
}
