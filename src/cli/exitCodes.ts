/** What exit codes mean, to scripts. */
export const EXIT = { done: 0, failed: 1, usage: 2, unfinished: 3 } as const;
