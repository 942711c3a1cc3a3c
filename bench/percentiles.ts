/** Of a list of ms, rounded to tenths. */
export function percentiles(list: number[]): { p50ms: number; p99ms: number; maxMs: number } {
  const sorted = list.toSorted((a, b) => a - b);
  const at = (share: number) => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return Number(value.toFixed(1));
  };
  return { p50ms: at(0.5), p99ms: at(0.99), maxMs: at(1) };
}
