import { cp, rm } from 'node:fs/promises';

/** Copies a folder as a crash at one moment would leave it: the process that writes there is stopped meanwhile. */
export async function copyFolder(from: string, to: string, pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  try {
    await rm(to, { recursive: true, force: true });
    await cp(from, to, { recursive: true, filter: (file) => !/lock(-draft)?\.[^/]*$/.test(file) });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}
