import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** A setting is wrong: the message names each one, what it takes and what it was. */
export class BadSettings extends Error {}

const wholeNumber = (least: number, most: number) => {
  const expected = `a whole number from ${least} to ${most}`;
  return z.coerce.number(expected).int(expected).min(least, expected).max(most, expected);
};
const port = (fallback: number, what: string) => wholeNumber(1, 65_535).default(fallback).describe(what);
const duration = (fallback: string, what: string) =>
  z
    .string()
    .regex(/^\d+(ms|s|m|h)$/, 'a duration like 90s, 15m or 2h')
    .refine((text) => milliseconds(text) <= 366 * 86_400_000, 'a duration of at most a year')
    .default(fallback)
    .transform(milliseconds)
    .describe(what);

export type Role = 'edge' | 'worker' | 'api';
const ROLES = ['edge', 'worker', 'api'] as const satisfies Role[];
const expectedRoles = `one or more of ${ROLES.join(', ')}, separated by commas`;
const roles = z
  .string()
  .transform((text) => new Set(text.split(',').map((role) => role.trim())))
  .pipe(z.set(z.enum(ROLES, expectedRoles), expectedRoles));

/** Every setting, by the name of its environment variable. */
export const settingsSchema = z.object({
  ROLES: roles
    .prefault(ROLES.join(','))
    .describe('What this process does: edge (charge points), worker (their actors), api (operators)'),
  DATA_DIR: z.string().min(1).default('data').describe('Folder for the journal and the embedded servers'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Address the edge and the API listen on'),
  PORT: port(8080, 'Port for charge points and GET /health'),
  API_PORT: port(8081, 'Port for operators'),
  DATABASE_URL: z
    .string()
    .refine(
      (url) => /^postgres(ql)?:\/\/[^/]/.test(url) && URL.canParse(url),
      'a URL like postgres://user:password@host:5432/database',
    )
    .optional()
    .describe('PostgreSQL with TimescaleDB; without it the embedded one is started'),
  DATABASE_PORT: port(54_320, 'Port of the embedded database'),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/]+:\d+$/, 'host:port, without http://')
    .optional()
    .describe('Temporal server; without it the embedded one is started'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default').describe('Temporal namespace'),
  TEMPORAL_PORT: port(7233, 'Port of the embedded Temporal server'),
  TEMPORAL_UI_PORT: port(8233, 'Port of the embedded Temporal web UI'),
  REGISTRATION: z
    .enum(['open', 'known', 'pending'])
    .default('open')
    .describe('Unknown charge points are accepted (open), refused with 404 (known), or wait for approval (pending)'),
  STATION_AUTHENTICATION: z
    .enum(['optional', 'required'])
    .default('optional')
    .describe('Whether charge points without a password are let in; one that has a password always has to give it'),
  ALLOW_MISSING_SUBPROTOCOL: z
    .enum(['false', 'true'])
    .default('false')
    .transform((text) => text === 'true')
    .describe('Whether charge points that offer no WebSocket subprotocol (Grizzl-E) are served as OCPP 1.6'),
  OPERATOR_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{20,200}$/, '20 to 200 printable characters without blanks')
    .optional()
    .describe('A token with role admin for the API, beside those made with `ocpp-actors token create`'),
  SECRET_KEY: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, '64 hex digits, as `openssl rand -hex 32` prints them')
    .optional()
    .describe(
      'Seals new AuthorizationKeys from the API to the edge; without it a key in DATA_DIR, for one process only',
    ),
  TRUSTED_PROXIES: wholeNumber(0, 10)
    .default(0)
    .describe('Proxies in front that add to X-Forwarded-For: whose entry is believed to be the address of who asks'),
  UNKNOWN_ID_TAGS: z
    .enum(['invalid', 'accept'])
    .default('invalid')
    .describe('Answer to an idTag nobody registered; workers refuse a RemoteStartTransaction with it accordingly'),
  OFFLINE_UNKNOWN_TAGS: z
    .enum(['accept', 'invalid'])
    .default('accept')
    .describe('Answer to an idTag never seen while the database is away'),
  HEARTBEAT_INTERVAL: wholeNumber(10, 86_400).default(300).describe('Seconds, told at boot'),
  TRANSACTION_END_GRACE: duration('15m', 'Online time after a sign of its end before a transaction ends as estimated'),
  ACKNOWLEDGE: z
    .enum(['journal', 'actor'])
    .default('journal')
    .describe('A message is answered when the journal has it, or only when its actor has it'),
  MAX_CACHED_WORKFLOWS: wholeNumber(10, 100_000)
    .default(2_000)
    .describe('Actors a worker keeps in memory, about 100 KB each'),
  JOURNAL_LIMIT_MB: wholeNumber(64, 1_000_000).default(4_096).describe('Size limit of the journal'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Log level'),
});

export type Settings = z.infer<typeof settingsSchema>;

/** Settings from the environment and, for what it does not set, from `.env` in the working directory. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const file = environment === process.env ? readDotEnv() : undefined;
  const given: Given = Object.fromEntries(
    Object.keys(settingsSchema.shape).flatMap((name) => {
      const value = environment[name];
      return value ? [[name, { value, ...(file?.names.has(name) ? { from: file.path } : {}) }]] : [];
    }),
  );
  const values = Object.fromEntries(Object.entries(given).map(([name, { value }]) => [name, value]));
  const parsed = settingsSchema.safeParse(values);
  if (!parsed.success) throw new BadSettings(list(parsed.error.issues.map((issue) => describe(issue, given))));
  const settings = parsed.data;
  const conflicts = [...unprotected(settings), ...homeless(settings), ...samePorts(settings)];
  if (conflicts.length > 0) throw new BadSettings(list(conflicts));
  return { ...settings, DATA_DIR: path.resolve(settings.DATA_DIR) };
}

/** The database that is named, else the embedded one. */
export function databaseUrlOf({
  DATABASE_URL,
  DATABASE_PORT,
}: Pick<Settings, 'DATABASE_URL' | 'DATABASE_PORT'>): string {
  return DATABASE_URL ?? `postgres://postgres:postgres@127.0.0.1:${DATABASE_PORT}/postgres`;
}

/** What was set, and the file it was read from where it is not the environment. */
type Given = Record<string, { value: string; from?: string }>;

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);

/** Others than this machine can connect: who they are has to be asked. */
function unprotected({ HOST, ROLES: mine, STATION_AUTHENTICATION, OPERATOR_TOKEN }: Settings): string[] {
  if (LOOPBACK.has(HOST)) return [];
  const reason = `HOST=${HOST} is not a loopback address`;
  return [
    ...(mine.has('edge') && STATION_AUTHENTICATION !== 'required'
      ? [`${reason}: set STATION_AUTHENTICATION=required, so that every charge point has to give its password`]
      : []),
    ...(OPERATOR_TOKEN ? [] : [`${reason}: set OPERATOR_TOKEN, at least 20 characters that the API is called with`]),
  ];
}

/** Embedded servers belong to one process with all roles: the others would not find them. */
function homeless(settings: Settings): string[] {
  const others = ROLES.filter((role) => !settings.ROLES.has(role));
  if (others.length === 0) return [];
  return (['TEMPORAL_ADDRESS', 'DATABASE_URL'] as const)
    .filter((name) => !settings[name])
    .map((name) => `ROLES leaves out ${others.join(' and ')}: set ${name} to the server that all processes share`);
}

function samePorts(settings: Settings): string[] {
  const used = [
    ...(settings.ROLES.has('edge') ? ['PORT'] : []),
    'API_PORT',
    ...(settings.DATABASE_URL ? [] : ['DATABASE_PORT']),
    ...(settings.TEMPORAL_ADDRESS ? [] : ['TEMPORAL_PORT', 'TEMPORAL_UI_PORT']),
  ] as ('PORT' | 'API_PORT' | 'DATABASE_PORT' | 'TEMPORAL_PORT' | 'TEMPORAL_UI_PORT')[];
  return used.flatMap((name, index) => {
    const other = used.slice(0, index).find((earlier) => settings[earlier] === settings[name]);
    return other ? [`${other} and ${name} are both ${settings[name]}: each needs a port of its own`] : [];
  });
}

/** Puts into the environment what the file sets and the environment does not; returns what that was. */
function readDotEnv(): { path: string; names: Set<string> } | undefined {
  const file = path.resolve('.env');
  if (!existsSync(file)) return undefined;
  const before = new Set(Object.keys(process.env));
  try {
    process.loadEnvFile(file);
  } catch (error) {
    throw new BadSettings(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { path: file, names: new Set(Object.keys(process.env).filter((name) => !before.has(name))) };
}

const SECRET: ReadonlySet<string> = new Set(['DATABASE_URL', 'OPERATOR_TOKEN', 'SECRET_KEY']);

function describe(issue: z.core.$ZodIssue, given: Given): string {
  const name = String(issue.path[0]) as keyof typeof settingsSchema.shape;
  const { value = '', from } = given[name] ?? {};
  const shown = SECRET.has(name) ? '…' : value.slice(0, 100);
  const expected = issue.code === 'invalid_value' ? `one of ${issue.values.map(String).join(', ')}` : issue.message;
  const { description } = settingsSchema.shape[name];
  return `${name}=${shown}${from ? ` (in ${from})` : ''}: expected ${expected}. ${description}.`;
}

function list(problems: string[]): string {
  return problems.length === 1 ? problems.join() : ['these settings are wrong', ...problems].join('\n  ');
}

function milliseconds(text: string): number {
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  const unit = text.replace(/^\d+/, '') as keyof typeof units;
  return Number.parseInt(text, 10) * units[unit];
}
