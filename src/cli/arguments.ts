/** Arguments and options as people write them; what is wrong with one is told with the usage of its command. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Instant } from '../../workflows/events.ts';
import { chargePointIdFrom } from '../ocpp/identity.ts';
import { isStorable } from '../ocpp/text.ts';

/** Checked like the path of a station's WebSocket: a typo must not make an actor for ever. */
export function chargePointId(text: string): string {
  const found = chargePointIdFrom(`/${encodeURIComponent(text)}`);
  if ('problem' in found) throw new InvalidArgumentError(`${found.problem}.`);
  return found.id;
}

/** OCPP 1.6 §7.28: 1 to 20 characters. */
export function idTag(text: string): string {
  if (text.trim() === '' || text.length > 20) throw new InvalidArgumentError('1 to 20 characters are expected.');
  if (/\p{Cc}/u.test(text) || !isStorable(text)) throw new InvalidArgumentError('it holds control characters.');
  return text;
}

/** As the API takes it in Idempotency-Key. */
export function ownId(text: string): string {
  if (text === '' || text.length > 100) throw new InvalidArgumentError('1 to 100 characters are expected.');
  if (/\p{Cc}/u.test(text) || !isStorable(text)) throw new InvalidArgumentError('it holds control characters.');
  return text;
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`a whole number from ${least} to ${most} is expected.`);
  };
}

/** Up to a year, which is the longest an actor lets a command wait. */
export function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 31_536_000) return value;
  throw new InvalidArgumentError('a number of seconds is expected.');
}

/** Until when something waits, in seconds from now: so many, or up to a point in time within a year. */
export function secondsUntil(text: string): number {
  const value = isZoned(text) ? (Date.parse(text) - Date.now()) / 1_000 : Number(text);
  if (value > 0 && value <= 31_536_000) return value;
  throw new InvalidArgumentError('expected seconds, or a time to come within a year, like 2026-01-31T12:00:00Z.');
}

/** A point in time, or how long ago. */
export function time(text: string): Instant {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (amount && unit) return new Date(Date.now() - Number(amount) * UNITS_MS[unit as Unit]).toISOString();
  const at = isZoned(text) || /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  throw new InvalidArgumentError('expected a time like 2026-01-31, 2026-01-31T12:00:00Z, or 90s, 15m, 2h, 7d ago.');
}

function isZoned(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
}

/** A length of time, in seconds. */
export function interval(text: string): number {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const length = amount && unit ? (Number(amount) * UNITS_MS[unit as Unit]) / 1_000 : 0;
  if (length > 0) return length;
  throw new InvalidArgumentError('expected a length of time like 30s, 15m, 1h or 1d.');
}

type Unit = 's' | 'm' | 'h' | 'd';
const UNITS_MS: Record<Unit, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `key=value`, collected; the value may be empty. */
export function label(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const [, key, value] = /^([^=]{1,64})=(.{0,256})$/su.exec(text) ?? [];
  const valid = key !== undefined && value !== undefined && !/\p{Cc}/u.test(text) && isStorable(text);
  if (!valid) throw new InvalidArgumentError('expected key=value.');
  return { ...before, [key]: value };
}

export const jsonOption = (what = 'print JSON') => new Option('--json', what);

export const limitOption = (fallback?: number) => {
  const option = new Option('--limit <rows>', 'at most so many').argParser(wholeNumber(1, 1_000_000_000));
  return fallback === undefined ? option : option.default(fallback);
};

/** What only became wrong with the rest of the command line: exit code 2, with the usage. */
export function wrongUsage(command: Command, problem: string): never {
  return command.error(`error: ${problem}`);
}
