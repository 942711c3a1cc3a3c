import type { Case } from './case.ts';

export const commands: readonly Case[] = [
  {
    number: 73,
    level: 'M',
    source: '§5.8, §6.23, §6.24',
    rule: 'GetConfiguration without keys asks for all; unknown keys are shown, and so are keys without a value',
    behaviour:
      'The answer is shown as it came: a write-only key has no value. A key has at most 50 characters. More keys than the GetConfigurationMaxKeys that the station has told are asked for in several commands over REST and the command line, refused elsewhere.',
  },
  {
    number: 74,
    level: 'M',
    source: '§5.3, §6.9, §7.22',
    rule: 'ChangeConfiguration has done its part with RebootRequired too; Rejected and NotSupported are the station’s word',
    behaviour:
      'RebootRequired is `completed`, shown in the answer and not sent again. A key has at most 50 characters, a value 500. A list longer than its `…MaxLength`, and a key that is readonly, are refused where the station has told so; else it is the station’s to judge.',
  },
  {
    number: 75,
    level: 'M',
    source: '§5.2',
    rule: 'ChangeAvailability is agreed to by Scheduled as by Accepted, and done when a StatusNotification says so',
    behaviour:
      '`answered` until then, for a day; done at once where the connectors were so already. For connector 0 the status of any connector counts.',
  },
  {
    number: 76,
    level: 'M',
    source: '§5.11, §5.16.2; E 3.41',
    rule: 'a RemoteStart that is Accepted has not started; a profile within it is a TxProfile without transactionId',
    behaviour:
      '`answered` until a StartTransaction of the tag comes; `notObserved` a minute after the ConnectionTimeOut that the station has told, else after 5 minutes. Rejected is shown, also where only the connectorId was missing.',
  },
  {
    number: 77,
    level: 'M',
    source: '§5.12',
    rule: 'RemoteStop names the id that the station was given; Rejected leaves the transaction open',
    behaviour: '`completed` by the StopTransaction of that id.',
  },
  {
    number: 78,
    level: 'M',
    source: '§5.14',
    rule: 'around a Reset transactions are stopped before or after the boot; a station that is offline, or drops the socket, has not failed',
    behaviour:
      'Queued for a station that is offline, up to its deadline. The next boot completes it, answered or not; what is queued behind it waits for that.',
  },
  {
    number: 79,
    level: 'M',
    source: '§5.18, §6.53',
    rule: 'UnlockConnector is never sent for connector 0; UnlockFailed and NotSupported are shown',
    behaviour: 'Refused in words; both are `rejected`, with the answer.',
  },
  {
    number: 80,
    level: 'M',
    source: '§5.17, §6.51',
    rule: 'what TriggerMessage asks for comes as a CALL after its answer; starts and stops cannot be triggered',
    behaviour:
      '`answered` until the message comes (of that connector, where one was named), for 2 minutes. NotImplemented and Rejected are `rejected`.',
  },
  {
    number: 81,
    level: 'M',
    source: '§5.1, §5.13, §7.40',
    rule: 'ReserveNow is agreed to by Accepted only; the same id again replaces; connector 0 means any; CancelReservation Rejected: there is none',
    behaviour:
      'Its answer ends it; the others are `rejected`, with the station’s word. Connector 0 is sent, unless the station has told that its ReserveConnectorZeroSupported is false. What reservations there are is read from answers, transactions and statuses.',
  },
  {
    number: 82,
    level: 'M',
    source: '§5.10, §5.15, §7.1; E 3.52',
    rule: 'a local list has a version above 0; only a Differential one has entries without idTagInfo, which delete; version 0 is an empty list, -1 none',
    behaviour:
      'Anything else is refused in words, and so are more entries than the SendLocalListMaxLength that the station has told. A list given to `PUT …/local-list` is sent by what has changed, in full where the station refuses that, has another version then or did not answer the list before, in parts where it is too long, each once the one before is accepted; the version that it tells in the end has to be that of the list.',
  },
  {
    number: 83,
    level: 'M',
    source: '§3.13.1, §5.16, §5.16.4, §7.8, §7.14; E 3.39, 3.45, 3.56',
    rule: 'a charging profile is sound before it leaves: its periods from 0 on, ascending, with limits of one digit; a TxProfile with its transactionId, a ChargePointMaxProfile for connector 0, a recurrencyKind if Recurring',
    behaviour:
      'Refused in words that name the rule; all of 0.1, 0.2 … 39.9 pass. Refused too: a TxProfile whose transaction does not run at that connector; a stack level, more periods or a rate unit beyond what the station has told that it takes. Rejected, NotSupported and a CALLERROR are shown.',
  },
  {
    number: 84,
    level: 'M',
    source: '§5.5, §5.7; E 3.25',
    rule: 'ClearChargingProfile without fields clears all, with several what has them all; GetCompositeSchedule Rejected: there is none',
    behaviour: 'Sent as asked for. Unknown is `completed`: there was nothing to clear. Rejected is `rejected`.',
  },
  {
    number: 85,
    level: 'M',
    source: '§3.15, §5.9, §5.19; E 3.31',
    rule: 'GetDiagnostics and UpdateFirmware have times in UTC, and are done when a status says so; without fileName there is nothing to upload',
    behaviour:
      'Another time zone than Z is refused. The answer is shown, the outcome is that of the status; without a file name it is done.',
  },
  {
    number: 86,
    level: 'M',
    source: '§5.4; E 3.23',
    rule: 'ClearCache is Rejected by a station without a cache',
    behaviour: '`rejected`, with the answer.',
  },
  {
    number: 87,
    level: 'M',
    source: 'J §4.2.2, §4.2.3',
    rule: 'a CALLERROR of any code, or an answer that is none, ends the command with that error, and nothing else',
    behaviour:
      '`failed`, with code and words; FormationViolation and what is wrong where the answer cannot be read. The connection stays, the next command goes out.',
  },
  {
    number: 88,
    level: 'M',
    source: 'J §4.1.1',
    rule: 'a command without an answer times out, the queue goes on, and an answer that is late is dropped',
    behaviour: '`timedOut` after 30 s, GetConfiguration and SendLocalList after 60 s; it is not sent again.',
  },
  {
    number: 89,
    level: 'M',
    source: '§5.6, §7.23',
    rule: 'DataTransfer to a station is answered by one of four statuses, and by data',
    behaviour:
      'Accepted is `completed`, the others are `rejected`, both with the answer; data that is JSON becomes text.',
  },
  {
    number: 90,
    level: 'M',
    source: 'WP §3, §4, A02, L01, M03, M04, M05, N01',
    rule: 'certificates, logs and signed firmware are asked for and followed as the security extension has it',
    behaviour:
      'A triggered SignCertificate completes its ExtendedTriggerMessage; CertificateSigned is the operator’s. What a station does not know ends with its NotImplemented or NotSupported.',
  },
];
