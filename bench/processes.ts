import { readFileSync } from 'node:fs';

/** CPU seconds used so far and resident memory of a process (Linux only; zeros elsewhere). */
export function usage(pid: number): { cpuSeconds: number; megabytes: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    return { cpuSeconds: ticks / 100, megabytes: Math.round((pages * 4_096) / 1_048_576) };
  } catch {
    return { cpuSeconds: 0, megabytes: 0 };
  }
}
