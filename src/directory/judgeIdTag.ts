import type { IdTagInfo } from '../ocpp/message.ts';
import type { Instant } from '../../workflows/events.ts';
import type { Note } from '../ocpp/notes.ts';
import type { IdTagRow } from './directory.ts';

export interface IdTagPolicy {
  /** For a tag that is not in the directory. */
  unknownIdTags: 'invalid' | 'accept';
  /** For a tag never seen here while the database is away: accepting sells the energy and judges later. */
  offlineUnknownTags: 'accept' | 'invalid';
}

/** What a station is told of an idTag. `note` is for the journal: the judgement was made without the database. */
export function judgeIdTag(
  row: IdTagRow | undefined | 'unavailable',
  now: Instant,
  policy: IdTagPolicy,
): { info: IdTagInfo; note?: Note } {
  if (row === 'unavailable') {
    const status = statusOf(policy.offlineUnknownTags);
    return { info: { status }, note: `unjudgedIdTag: the database is away and the tag was never seen here: ${status}` };
  }
  if (row === undefined || row.deleted) return { info: { status: statusOf(policy.unknownIdTags) } };
  const info: IdTagInfo = { status: rowStatus(row, now) };
  if (row.expiryDate !== null) info.expiryDate = row.expiryDate;
  if (row.parentIdTag !== null) info.parentIdTag = row.parentIdTag;
  return { info };
}

function statusOf(policy: 'accept' | 'invalid'): 'Accepted' | 'Invalid' {
  return policy === 'accept' ? 'Accepted' : 'Invalid';
}

function rowStatus(row: IdTagRow, now: Instant): IdTagInfo['status'] {
  if (row.status === 'Blocked' || row.status === 'Expired') return row.status;
  if (row.status !== 'Accepted') return 'Invalid';
  return row.expiryDate !== null && Date.parse(row.expiryDate) <= Date.parse(now) ? 'Expired' : 'Accepted';
}
