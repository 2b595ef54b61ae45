/**
 * How the runtime's kernel adds products of integers here: `whole` in 32 bits, or `pairs` of them in 16 first, as AVX2
 * without VNNI does, where two large weights would saturate (pair-safe.ts).
 */
export type ProductSums = 'whole' | 'pairs';
