/** Between two lines where standard error is no terminal. */
const INTERVAL_MS = 1_000;

let last = -INTERVAL_MS;

/** What is going on, on standard error: one line that changes on a terminal, else a line a second at most. */
export function progress(text: string): void {
  if (process.stderr.isTTY) return void process.stderr.write(`\r\u001B[K${text}`);
  if (performance.now() - last < INTERVAL_MS) return;
  last = performance.now();
  process.stderr.write(`${text}\n`);
}
