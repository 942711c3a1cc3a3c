/** How a station comes to have a local authorization list: by what has changed where that is known, else in full. */
import { randomUUID } from 'node:crypto';
import type { Instant } from '../../workflows/events.ts';
import { FURTHER_MOST } from '../../workflows/state/inbound.ts';
import type { FurtherCommand } from '../../workflows/state/model.ts';
import { limitOf } from '../ocpp/stationLimits.ts';
import type { ConfigurationKey } from './learnt/configuration.ts';
import type { Doubted } from './learnt/doubts.ts';
import type { LearntLocalList } from './learnt/localList.ts';

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

/** One command of a job: a SendLocalList, or the question at the end whether the station has the version it is to have. */
export interface Planned extends FurtherCommand {
  action: 'SendLocalList' | 'GetLocalListVersion';
  commandId: string;
}

export interface LocalListPlan {
  /** Of the list, once it is there. */
  listVersion: number;
  /** One after the other, each once the one before is done; none: the station has that list. */
  commands: Planned[];
  /** What is asked for instead, likewise, where the station refuses one of them or has another version in the end. */
  otherwise: Planned[];
}

/** Entries of one CALL where the station has not said how many it takes (§9.2 SendLocalListMaxLength). */
const ENTRIES_OF_A_CALL = 100;
/** Whatever their id tags are, so many entries are less than an actor takes as one payload. */
const ENTRIES_MOST = 250;
/** With the question at the end, so many may also be sent otherwise. */
const CALLS_MOST = FURTHER_MOST - 1;
/** Characters of JSON of all that is submitted together: an actor takes 250,000, of which some are who asks. */
const LENGTH_MOST = 249_000;

/**
 * What to send: nothing where the station has that list; what has changed in one Differential update where that is known
 * without a doubt and fits, with the whole list in case the station refuses; else the whole, a Full list and Differential
 * updates that add to it. Then it is asked for its version (§5.10, §5.15; erratum 3.52: versions begin with 1). The whole
 * list has nothing that would be sent otherwise: where it fails, or leaves another version, the job ends there.
 *
 * @param unsettled every SendLocalList that the station may have carried out, or may still get: its version is not given again
 * @throws BadLocalList
 */
export function planLocalList(
  wanted: readonly ListedIdTag[],
  known: LearntLocalList & Doubted,
  keys: readonly ConfigurationKey[],
  unsettled: readonly { payload: Record<string, unknown> }[] = [],
): LocalListPlan {
  const most = limitOf(keys, 'LocalAuthListMaxLength') ?? Infinity;
  if (wanted.length > most) {
    throw new BadLocalList(`${wanted.length} entries: the charge point takes ${most} (its LocalAuthListMaxLength)`);
  }
  const keysSeen = new Set<string>();
  const twice = wanted.find(({ idTag }) => keysSeen.size === keysSeen.add(keyOf(idTag)).size);
  if (twice) throw new BadLocalList(`id tag "${twice.idTag}" is there twice; upper and lower case are the same`);
  if (known.supported === false) throw new BadLocalList('the charge point has said that it has no local list');

  const ofACall = Math.min(limitOf(keys, 'SendLocalListMaxLength') ?? ENTRIES_OF_A_CALL, ENTRIES_MOST);
  const versions = unsettled.map(({ payload }) => Number(payload.listVersion) || 0);
  const next = Math.max(known.version?.value ?? 0, ...versions) + 1;
  const isCertain = known.doubts.length === 0 && unsettled.length === 0;
  const changes = known.items !== null && isCertain ? changesOf(known.items, wanted) : undefined;
  if (changes?.length === 0 && known.version) return { listVersion: next - 1, commands: [], otherwise: [] };

  const whole = inFull(wanted, next, ofACall);
  const inWhole = plan(whole, []);
  const length = JSON.stringify(submissionOf(inWhole)).length;
  if (length > LENGTH_MOST) {
    throw new BadLocalList(`${length} characters of JSON: at most ${LENGTH_MOST} are sent to a charge point`);
  }
  if (changes === undefined || changes.length > Math.min(ofACall, wanted.length)) return inWhole;
  const byChanges = plan([sent('Differential', next, changes), versionIs(next)], whole);
  return JSON.stringify(submissionOf(byChanges)).length > LENGTH_MOST ? inWhole : byChanges;
}

/** All of a plan that sends something as one command: the actor asks for the others when their turn has come. */
export function submissionOf({ commands: [first, ...next], otherwise }: LocalListPlan) {
  const { action, payload, commandId } = first!;
  return { action, payload, commandId, options: { next, ...(otherwise.length > 0 ? { otherwise } : {}) } };
}

type Call = Omit<Planned, 'commandId'>;

/** @param calls that need an id each */
function plan(calls: Call[], instead: Call[]): LocalListPlan {
  const job = randomUUID();
  const named = [...calls, ...instead].map((call, i) => ({ ...call, commandId: `${job}-${i + 1}` }));
  const listVersion = Number(calls.at(-1)?.expected?.listVersion);
  return { listVersion, commands: named.slice(0, calls.length), otherwise: named.slice(calls.length) };
}

function inFull(wanted: readonly ListedIdTag[], first: number, ofACall: number): Call[] {
  const parts: ListedIdTag[][] = [];
  for (let from = 0; from < Math.max(1, wanted.length); from += ofACall) parts.push(wanted.slice(from, from + ofACall));
  if (parts.length > CALLS_MOST) {
    throw new BadLocalList(
      `${wanted.length} entries are ${parts.length} CALLs of ${ofACall}: more than ${CALLS_MOST} are not queued`,
    );
  }
  const calls = parts.map((part, i) => sent(i === 0 ? 'Full' : 'Differential', first + i, part.map(entryOf)));
  return [...calls, versionIs(first + parts.length - 1)];
}

function versionIs(listVersion: number): Call {
  return { action: 'GetLocalListVersion', payload: {}, expected: { listVersion } };
}

function sent(updateType: 'Full' | 'Differential', listVersion: number, entries: object[]): Call {
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
