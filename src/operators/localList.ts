/** Gives a station the local authorization list it is to have: by what has changed where that is known, else in full. */
import { randomUUID } from 'node:crypto';
import type { Instant } from '../../workflows/events.ts';
import { unfinishedCommands, type CommandView } from '../../drizzle/queries/commands.ts';
import { FURTHER_MOST } from '../../workflows/state/inbound.ts';
import { limitOf } from '../ocpp/stationLimits.ts';
import type { OperatorParts } from './chargePoints.ts';
import { cancelCommand, submitCommand, TooLateToCancel, type Asking } from './commands.ts';
import { ActorsAway } from './errors.ts';
import type { ConfigurationKey } from './learnt/configuration.ts';
import type { LearntLocalList } from './learnt/localList.ts';
import { readConfiguration, readLocalList } from './learnt/read.ts';

/** Who may charge while the station is offline (OCPP 1.6 §3.5.3). */
export interface ListedIdTag {
  idTag: string;
  status: 'Accepted' | 'Blocked' | 'Expired' | 'Invalid';
  expiryDate?: Instant | undefined;
  parentIdTag?: string | undefined;
}

/** It cannot be sent so. */
export class BadLocalList extends Error {
  override name = 'BadLocalList';
}

/** One SendLocalList, or the question at the end whether the station has the version it is to have. */
interface Planned {
  action: 'SendLocalList' | 'GetLocalListVersion';
  payload: Record<string, unknown>;
}

/** Entries of one CALL where the station has not said how many it takes (§9.2 SendLocalListMaxLength). */
const ENTRIES_OF_A_CALL = 100;
/** With the question at the end; they are also what is to be sent otherwise. */
const CALLS_MOST = FURTHER_MOST - 1;
/** Characters of JSON of all CALLs: more would fill the queue of an actor. */
const LENGTH_MOST = 200_000;

/**
 * What to send, in order: nothing where the station has that list; what has changed in one Differential update where that
 * is known and fits, with the whole list in case the station refuses; else the whole, a Full list and Differential
 * updates that add to it. Then it is asked for its version (§5.10, §5.15; erratum 3.52: versions begin with 1).
 *
 * @throws BadLocalList
 */
export function planLocalList(
  wanted: readonly ListedIdTag[],
  known: LearntLocalList,
  keys: readonly ConfigurationKey[],
): { commands: Planned[]; otherwise: Planned[]; listVersion: number } {
  const most = limitOf(keys, 'LocalAuthListMaxLength') ?? Infinity;
  if (wanted.length > most) {
    throw new BadLocalList(`${wanted.length} entries: the charge point takes ${most} (its LocalAuthListMaxLength)`);
  }
  const keysSeen = new Set<string>();
  const twice = wanted.find(({ idTag }) => keysSeen.size === keysSeen.add(keyOf(idTag)).size);
  if (twice) throw new BadLocalList(`id tag "${twice.idTag}" is there twice; upper and lower case are the same`);
  if (known.supported === false) throw new BadLocalList('the charge point has said that it has no local list');

  const ofACall = Math.min(limitOf(keys, 'SendLocalListMaxLength') ?? ENTRIES_OF_A_CALL, 500);
  const next = (known.version?.value ?? 0) + 1;
  const whole = inFull(wanted, next, ofACall);
  const changes = known.items === null ? undefined : changesOf(known.items, wanted);
  if (changes?.length === 0 && known.version) return { commands: [], otherwise: [], listVersion: next - 1 };
  if (changes === undefined || changes.length > Math.min(ofACall, wanted.length)) {
    return { commands: whole, otherwise: [], listVersion: next + whole.length - 2 };
  }
  const commands = [sent('Differential', next, changes), ...whole.slice(-1)];
  return { commands, otherwise: whole, listVersion: next };
}

/**
 * Queues what it takes, see `planLocalList`.
 * @throws BadLocalList and what `submitCommand` throws
 */
export async function sendLocalList(
  parts: OperatorParts,
  chargePointId: string,
  wanted: readonly ListedIdTag[],
  asking: Asking,
): Promise<{ listVersion: number; commands: { commandId: string; action: string; entries: number }[] }> {
  const underWay = await withoutQueued(parts, chargePointId, asking);
  const [known, { items: keys }] = await Promise.all([
    readLocalList(parts.database, chargePointId),
    readConfiguration(parts.database, chargePointId),
  ]);
  const { commands, otherwise, listVersion } = planLocalList(wanted, uncertain(known, underWay), keys);
  const queued: { commandId: string; action: string; entries: number }[] = [];
  const job = randomUUID();
  for (const [i, { action, payload }] of commands.entries()) {
    const options = i === 0 && otherwise.length > 0 ? { options: { otherwise } } : {};
    const named = { commandId: `${job}-${i + 1}`, ...asking };
    const { commandId } = await submitCommand(parts, chargePointId, { action, payload, ...options, ...named }).catch(
      (error: unknown) => {
        if (!(error instanceof ActorsAway)) throw error;
        throw new ActorsAway(
          'Temporal or its workers do not answer: give the list again, what is queued of it is cancelled then',
        );
      },
    );
    const entries = Array.isArray(payload.localAuthorizationList) ? payload.localAuthorizationList.length : 0;
    queued.push({ commandId, action, entries });
  }
  return { listVersion, commands: queued };
}

/** What is queued of an earlier list is no longer wanted. Resolves to every SendLocalList that has not ended. */
async function withoutQueued(
  parts: OperatorParts,
  chargePointId: string,
  { requestedBy }: Asking,
): Promise<CommandView[]> {
  const sending = (await unfinishedCommands(parts.database, chargePointId)).filter((c) => c.action === 'SendLocalList');
  for (const { commandId, state } of sending) {
    if (state !== 'queued') continue;
    await cancelCommand(parts, chargePointId, {
      commandId,
      ...(requestedBy === undefined ? {} : { requestedBy }),
    }).catch((error: unknown) => {
      if (!(error instanceof TooLateToCancel)) throw error;
    });
  }
  return sending;
}

/** Nobody knows what the station has while a list is under way to it. */
function uncertain(known: LearntLocalList, underWay: CommandView[]): LearntLocalList {
  if (underWay.length === 0) return known;
  const versions = underWay.map(({ payload }) => Number(payload.listVersion) || 0);
  const value = Math.max(known.version?.value ?? 0, ...versions);
  return { ...known, items: null, version: { learntAt: '', commandId: '', ...known.version, value } };
}

function inFull(wanted: readonly ListedIdTag[], first: number, ofACall: number): Planned[] {
  const parts: ListedIdTag[][] = [];
  for (let from = 0; from < Math.max(1, wanted.length); from += ofACall) parts.push(wanted.slice(from, from + ofACall));
  if (parts.length > CALLS_MOST) {
    throw new BadLocalList(
      `${wanted.length} entries are ${parts.length} CALLs of ${ofACall}: more than ${CALLS_MOST} are not queued`,
    );
  }
  const length = JSON.stringify(wanted).length;
  if (length > LENGTH_MOST) {
    throw new BadLocalList(`${length} characters of id tags: at most ${LENGTH_MOST} are sent to a charge point`);
  }
  const calls = parts.map((part, i) => sent(i === 0 ? 'Full' : 'Differential', first + i, part.map(entryOf)));
  return [...calls, { action: 'GetLocalListVersion', payload: {} }];
}

function sent(updateType: 'Full' | 'Differential', listVersion: number, entries: object[]): Planned {
  return { action: 'SendLocalList', payload: { listVersion, updateType, localAuthorizationList: entries } };
}

function entryOf({ idTag, status, expiryDate, parentIdTag }: ListedIdTag): object {
  return {
    idTag,
    idTagInfo: {
      status,
      ...(expiryDate === undefined ? {} : { expiryDate }),
      ...(parentIdTag === undefined ? {} : { parentIdTag }),
    },
  };
}

/** An entry without idTagInfo takes its id tag out (§6.41). */
function changesOf(known: NonNullable<LearntLocalList['items']>, wanted: readonly ListedIdTag[]): object[] {
  const before = new Map(known.map((entry) => [keyOf(entry.idTag), entry]));
  const after = new Set(wanted.map(({ idTag }) => keyOf(idTag)));
  const isSame = (entry: ListedIdTag) => {
    const old = before.get(keyOf(entry.idTag));
    return (
      old?.status === entry.status &&
      (old.expiryDate ?? undefined) === entry.expiryDate &&
      (old.parentIdTag ?? undefined) === entry.parentIdTag
    );
  };
  const gone = known.filter(({ idTag }) => !after.has(keyOf(idTag))).map(({ idTag }) => ({ idTag }));
  return [...wanted.filter((entry) => !isSame(entry)).map(entryOf), ...gone];
}

/** Id tags do not know upper and lower case (OCPP 1.6 §7.28). */
function keyOf(text: string): string {
  return text.toUpperCase();
}
