import type { Case } from './case.ts';

export const authorization: readonly Case[] = [
  {
    number: 42,
    level: 'M',
    source: '§4.1, §7.2',
    rule: 'a tag is Accepted, Blocked, Expired or Invalid, in a CALLRESULT; ConcurrentTx answers a start only, of a tag that may charge at one place',
    behaviour:
      'Judged by the directory on the disk of the edge. While the database is away, tags never seen there are accepted, with a note (`OFFLINE_UNKNOWN_TAGS`).',
  },
  {
    number: 43,
    level: 'M',
    source: '§7.28, §3.9',
    rule: 'idTags are compared without regard to case, hold any characters, and have at most 20',
    behaviour: 'A longer one is Invalid: a CALLERROR would be repeated.',
  },
  {
    number: 44,
    level: 'M',
    source: '§3.10, §7.27',
    rule: 'the parentIdTag is told where there is one, and left out where there is none; it is no tag of its own',
    behaviour: 'Never null, and never one that is no idToken.',
  },
  {
    number: 45,
    level: 'S',
    source: '§7.27',
    rule: 'a tag whose expiryDate has passed is Expired',
    behaviour: 'From that very moment on, whatever its row says; the date is told, in UTC.',
  },
];
