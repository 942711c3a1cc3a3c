import type { Random } from '../src/simulator/random.ts';
import type { Load, LoadOptions } from './load.ts';
import type { Operator } from './operator.ts';
import type { Mode, System } from './system.ts';

/** On a busy machine, what was answered so long (ms) before may not be stored yet, and is lost with what held it. */
export const UNSTORED_MS = 10_000;

/** What a fault may do, said before it is tried. */
export interface Expected {
  /**
   * What stations see while it lasts: `answered` as ever, on the same connection; `unanswered`, at least what must last;
   * `cut` from the server; `served` again and again, between cuts.
   */
  during: 'answered' | 'unanswered' | 'cut' | 'served';
  /** Every station is answered again within so many seconds of its end. */
  servedWithin: number;
  /** What is lost, in words; absent: nothing. */
  lost?: string;
}

export interface Scenario {
  name: string;
  /** What is done, for people. */
  fault: string;
  /** By mode; a mode that is not named is not run: it makes no difference. */
  expected: Partial<Record<Mode, Expected>>;
  /** How often it is run in the whole, each time with another seed; default 2. */
  seeds?: number;
  load?: Partial<LoadOptions>;
  /** It has no short form: what it shows takes minutes. */
  isLong?: true;
  /** It takes what there is of the machine: no other system runs beside it. */
  alone?: true;
  /** It counts how connections end: in the short form no station ends its own because a slow machine answers late. */
  patient?: true;
  /** Whether it can be done on this machine. */
  possible?: () => boolean;
  /** Settings of the edge and the worker. */
  environment?: Record<string, string>;
  /** Does the fault, and mends it. Checks of its own throw. Everything that holds for all scenarios is checked after it. */
  run(world: World): Promise<void>;
}

/** What a scenario has to do with. */
export interface World {
  system: System;
  load: Load;
  operator: Operator;
  random: Random;
  mode: Mode;
  expected: Expected;
  /** The short form: outages of seconds, fewer repeats. */
  short: boolean;
  /** Waits that long (ms), in the short form a tenth of it. */
  lasts: (ms: number) => Promise<void>;
  /** So often, in the short form a tenth as often. */
  times: (count: number) => number;
  /** Waits while the fault lasts, and holds what stations see against what is expected. */
  outage: (ms: number) => Promise<void>;
  /** Messages answered between these moments (ms since 1970) may be lost; only where `expected.lost` says so. */
  mayLose: (from: number, to: number) => void;
  /** The same for commands taken between these moments: they may be lost, never sent twice. */
  mayLoseCommands: (from: number, to: number) => void;
  /** Notes a figure for the table. */
  note: (text: string) => void;
}
