import type { Scenario } from '../scenario.ts';
import { actors } from './actors.ts';
import { clocks } from './clocks.ts';
import { connections } from './connections.ts';
import { database } from './database.ts';
import { deploy } from './deploy.ts';
import { disks } from './disks.ts';
import { listeners } from './listeners.ts';
import { processes } from './processes.ts';
import { stations } from './stations.ts';
import { temporal } from './temporal.ts';

/** Every fault that is tried, in the order of the table. */
export const scenarios: Scenario[] = [
  ...processes,
  ...temporal,
  ...database,
  ...connections,
  ...clocks,
  ...disks,
  ...actors,
  ...stations,
  ...listeners,
  ...deploy,
];
