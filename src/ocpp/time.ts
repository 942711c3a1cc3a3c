/**
 * Times as stations write them. Imported by workflow code too: no zod, no Node built-ins, no clock.
 */
import type { Instant } from '../../workflows/events.ts';
import type { Note } from './notes.ts';
import { cutText } from './text.ts';

/** A station's time is believed from this long before its receipt: queues of stations that were offline for weeks … */
const OLDEST_MS = 30 * 86_400_000;
/** … to this long after it: clocks that run ahead. */
const NEWEST_MS = 5 * 60_000;
/** A message may be late, never early: beyond this much after its receipt the clock runs ahead, not the network. */
const NOTED_AHEAD_MS = 60_000;

/**
 * Reads a dateTime of OCPP 1.6 §3.15: ISO 8601 with any offset and 0 to 9 digits of a second's fraction, cut to
 * milliseconds. Forms that RFC 3339 doesn't know are read as well, and noted:
 *
 * - without zone: taken as UTC (Growatt THOR, https://github.com/evcc-io/evcc/issues/10399;
 *   AEFA, https://github.com/lbbrhzn/ocpp/issues/2032);
 * - "+0200" or "+02", a blank for "T", no seconds, a comma before the fraction, surrounding blanks.
 *
 * @returns undefined for anything else, and for instants outside the years 0001 to 9999. Notes read
 *   `<name>: <path> <what>`.
 */
export function parseTimestamp(text: unknown, path = 'timestamp'): { at: Instant; notes: Note[] } | undefined {
  if (typeof text !== 'string' || text.length > 64) return undefined;
  const milliseconds = readMilliseconds(text);
  if (milliseconds === undefined) return undefined;
  if (RFC_3339.test(text)) return { at: instant(milliseconds), notes: [] };
  const zoned = ANY_FORM.exec(text)?.[8] !== undefined;
  const note: Note = zoned
    ? `timestampForm: ${path} "${text}" is not RFC 3339`
    : `noZone: ${path} "${text}" taken as UTC`;
  return { at: instant(milliseconds), notes: [note] };
}

/**
 * The time an event counts for: the station's own where it lies within −30 days … +5 minutes of the receipt, else the
 * receipt. Keeps 1970 (clock not set yet, https://github.com/matth-x/MicroOcpp/pull/354) and 2099 out of everything that
 * is ordered by time. A time that isn't there is no deviation: only what was sent and not believed is noted.
 */
export function effectiveTime(
  stationTime: string | undefined,
  receivedAt: Instant,
  path = 'timestamp',
): { at: Instant; plausible: boolean; notes: Note[] } {
  if (stationTime === undefined) return { at: receivedAt, plausible: false, notes: [] };
  const parsed = parseTimestamp(stationTime, path);
  if (!parsed) {
    const note: Note = `unreadableTime: ${path} "${cutText(stationTime, 40)}" is no ISO 8601 time, time of receipt taken`;
    return { at: receivedAt, plausible: false, notes: [note] };
  }
  const ahead = Date.parse(parsed.at) - Date.parse(receivedAt);
  if (ahead >= -OLDEST_MS && ahead <= NOTED_AHEAD_MS) return { at: parsed.at, plausible: true, notes: parsed.notes };
  const distance = `${inWords(Math.abs(ahead))} ${ahead < 0 ? 'before' : 'after'}`;
  if (ahead > 0 && ahead <= NEWEST_MS) {
    const note: Note = `clockAhead: ${path} "${stationTime}" is ${distance} the receipt`;
    return { at: parsed.at, plausible: true, notes: [...parsed.notes, note] };
  }
  const note: Note = `implausibleTime: ${path} "${stationTime}" is ${distance} the receipt, time of receipt taken`;
  return { at: receivedAt, plausible: false, notes: [...parsed.notes, note] };
}

/**           1 year   2 month  3 day       4 hour  5 minute  6 second    7 fraction  8 zone, 9 sign, 10 hours, 11 minutes */
const ANY_FORM =
  /^\s*(\d{4})-(\d\d)-(\d\d)[Tt\s](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d*))?)?\s*([Zz]|([+-])(\d\d)(?::?(\d\d))?)?\s*$/;
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

const YEAR_0001 = Date.parse('0001-01-01T00:00:00.000Z');
const YEAR_9999_END = Date.parse('9999-12-31T23:59:59.999Z');

function readMilliseconds(text: string): number | undefined {
  const parts = ANY_FORM.exec(text);
  if (!parts) return undefined;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const [hour, minute, second] = [Number(parts[4]), Number(parts[5]), Number(parts[6] ?? 0)];
  const [offsetHours, offsetMinutes] = [Number(parts[10] ?? 0), Number(parts[11] ?? 0)];
  // Second 60 is a leap second; Date has none and counts it as the next minute's first.
  if (hour > 23 || minute > 59 || second > 60 || offsetHours > 23 || offsetMinutes > 59) return undefined;
  const fraction = Number((parts[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const date = new Date(Date.UTC(2000, 0, 1, hour, minute, second, fraction));
  // Date.UTC takes the years 0 to 99 for 1900 to 1999; setUTCFullYear doesn't. It also shows a 31 June as 1 July.
  const secondsRolledOver = date.getUTCDate() - 1;
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const offset = (parts[9] === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes) * 60_000;
  const milliseconds = date.getTime() + secondsRolledOver * 86_400_000 - offset;
  return milliseconds >= YEAR_0001 && milliseconds <= YEAR_9999_END ? milliseconds : undefined;
}

function instant(milliseconds: number): Instant {
  return new Date(milliseconds).toISOString();
}

function inWords(milliseconds: number): string {
  if (milliseconds >= 2 * 86_400_000) return `${Math.round(milliseconds / 86_400_000)} days`;
  if (milliseconds >= 2 * 3_600_000) return `${Math.round(milliseconds / 3_600_000)} hours`;
  if (milliseconds >= 2 * 60_000) return `${Math.round(milliseconds / 60_000)} minutes`;
  return `${Math.round(milliseconds / 1_000)} seconds`;
}
