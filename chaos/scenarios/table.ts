import type { Scenario } from '../scenario.ts';
import { database } from './database.ts';
import { processes } from './processes.ts';
import { temporal } from './temporal.ts';

/** Every fault that is tried, in the order of the table. */
export const scenarios: Scenario[] = [...processes, ...temporal, ...database];
