import type { Case } from './case.ts';

export const boot: readonly Case[] = [
  {
    number: 32,
    level: 'M',
    source: '§4.2, §6.4; JE 2.3',
    rule: 'BootNotification is answered with status, current time and an interval of whole seconds, as often as it comes',
    behaviour:
      'The interval is the one operators set for the station, else the default. Texts of full length and empty ones are taken as they are.',
  },
  {
    number: 33,
    level: 'M',
    source: '§6.3; https://github.com/steve-community/steve/issues/1099; https://github.com/evcc-io/evcc/issues/32170',
    rule: 'a boot without vendor is refused, one whose vendor is an empty text is not',
    behaviour: 'OccurenceConstraintViolation; an empty text is text.',
  },
  {
    number: 34,
    level: 'M',
    source: '§4.2; JE 3.8',
    rule: 'while its status is Pending a station gets no RemoteStart and no RemoteStop, and what it says unasked gets SecurityError',
    behaviour:
      'Other commands are sent. Answered are boots, what was triggered, and StartTransaction, StopTransaction and MeterValues: a refusal would make the station repeat them and block its queue. The status is looked up anew at each boot.',
  },
  {
    number: 35,
    level: 'S',
    source: '§4.2',
    rule: 'a station whose status is Rejected gets no CALL',
    behaviour:
      'Commands wait. The connection stays, so that the station is told at its next boot when it is accepted; its transactions are kept.',
  },
  {
    number: 36,
    level: 'T',
    source: 'JE 3.8; https://github.com/mobilityhouse/ocpp/issues/188',
    rule: 'a CALL before any boot gets SecurityError, or is served',
    behaviour:
      'Served where the station is accepted: some send StatusNotification first, and the refused message would be lost.',
  },
  {
    number: 37,
    level: 'M',
    source: 'J §5.4',
    rule: 'an accepted station need not boot after a reconnect',
    behaviour: 'Served at once, commands included.',
  },
  {
    number: 38,
    level: 'M',
    source: 'E 3.40',
    rule: 'an accepted station is not triggered to boot',
    behaviour:
      'The command is refused, in words, once a boot on this connection was answered Accepted. A station that waited is triggered by its approval.',
  },
  {
    number: 39,
    level: 'M',
    source: '§4.6; §3.15',
    rule: 'Heartbeat tells the time in UTC, written with Z; any message is a sign of life',
    behaviour: 'With milliseconds, of the moment of its receipt.',
  },
  {
    number: 40,
    level: 'M',
    source: '§4.9, §7.6, §7.7',
    rule: 'every status with every error code is taken, with or without time; an old one does not replace a newer one',
    behaviour:
      'The newest by its own time is the status of a connector; all are kept. A connector below 0 or beyond 32 bits is refused.',
  },
  {
    number: 41,
    level: 'S',
    source: 'https://github.com/citrineos/citrineos/issues/175',
    rule: 'a status of a connector never heard of is no error',
    behaviour: 'It is a connector from then on.',
  },
];
