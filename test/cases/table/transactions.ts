import type { Case } from './case.ts';

export const transactions: readonly Case[] = [
  {
    number: 46,
    level: 'M',
    source: '§4.8, §6.46; https://github.com/thoughtworks/maeve-csms',
    rule: 'a start is answered with a transaction id above 0 that fits 32 bits and is given once, and with idTagInfo',
    behaviour: 'Edges take ids in blocks of 10,000 from the database, in order; no id is a time, none is 0.',
  },
  {
    number: 47,
    level: 'M',
    source: '§4.8; E 3.17',
    rule: 'the start of an unknown, blocked or expired tag gets a CALLRESULT with a transaction id all the same, and its stop is taken',
    behaviour:
      'idTagInfo says Invalid, Blocked or Expired; the transaction is recorded with that status, and with its energy.',
  },
  {
    number: 48,
    level: 'M',
    source: '§3.7.1; https://github.com/mobilityhouse/ocpp/issues/186',
    rule: 'a start that is sent again, under the same or a new message id, is the same transaction and not ConcurrentTx',
    behaviour:
      'Told by connector, idTag, timestamp and meterStart, also on another connection; after its stop by its message id too, for 10 minutes.',
  },
  {
    number: 49,
    level: 'S',
    source: '§4.8; https://github.com/steve-community/steve/issues/97',
    rule: 'a second start on a busy connector is taken; the transaction that lost its stop is ended',
    behaviour:
      'The older one has 15 minutes of online time for its stop to come, then it ends as `estimated` at its last reading.',
  },
  {
    number: 50,
    level: 'M',
    source: '§4.8',
    rule: 'two connectors that start within one second get two ids',
    behaviour: 'Starts are answered in their order.',
  },
  {
    number: 51,
    level: 'M',
    source: '§3.7, §4.8',
    rule: 'a start that waited for days is a start like any other; one of 1970 or 2099 is answered too',
    behaviour:
      'Up to 30 days back its own time counts; beyond that, or more than 5 minutes ahead, that of its receipt does, which is noted.',
  },
  {
    number: 52,
    level: 'S',
    source: '§4.8, §6.45; https://github.com/steve-community/steve/issues/1414',
    rule: 'a reservation that is not known is no reason to refuse a start; reservationId 0 is none',
    behaviour: 'The id is kept with the transaction as it was said.',
  },
  {
    number: 53,
    level: 'T',
    source: '§6.45; https://github.com/dallmann-consulting/OCPP.Core/issues/31',
    rule: 'a start on connector 0, or with a meterStart below 0, with a fraction or as text, is answered',
    behaviour:
      'With a CALLRESULT: a CALLERROR would have it repeated for ever. Only without connectorId or idTag it is refused.',
  },
  {
    number: 54,
    level: 'M',
    source: '§4.10, §6.49, §7.36; JE 2.5',
    rule: 'a stop needs neither idTag nor reason, may have another idTag, each of the eleven reasons and transactionData',
    behaviour:
      'Without a reason it is Local. transactionData become meter values of the transaction, and count for its energy.',
  },
  {
    number: 55,
    level: 'S',
    source: '§4.10; https://github.com/mikuso/ocpp-rpc/issues/82',
    rule: 'a stop of an unknown or ended transaction, or of 0, is confirmed, never refused',
    behaviour:
      'A second stop is kept in the notes, the first one counts. An unknown id is a transaction of its own, unless the only open one fits.',
  },
  {
    number: 56,
    level: 'M',
    source: 'E 3.18; https://github.com/EVerest/libocpp/issues/495',
    rule: 'stops and meter values of transaction -1 are answered as if the id were valid',
    behaviour:
      'They belong to the open transaction if there is exactly one (of the connector, for meter values), time and meter fit, and the tag is the same or of the same group.',
  },
  {
    number: 57,
    level: 'S',
    source: '§4.10',
    rule: 'a stop below its start, by meter or by time, is confirmed, and nobody pays less than nothing',
    behaviour: 'Energy comes from other readings where there are any, or is unknown; the doubt stands in the notes.',
  },
  {
    number: 58,
    level: 'M',
    source: '§3.7.1, §4.7, §4.10',
    rule: 'a stop may come on another connection than its start, and meter values after the stop',
    behaviour: 'Late readings from before the stop count for the energy once, later ones are kept only.',
  },
  {
    number: 59,
    level: 'S',
    source: '§4.2, §4.9; https://github.com/evcc-io/evcc/pull/33909',
    rule: 'a transaction outlives a boot of its station; without a stop it ends all the same, and a late stop corrects that',
    behaviour:
      'A boot, Available, or the next start of its connector begins 15 minutes of online time; meter values in them show that it goes on.',
  },
  {
    number: 60,
    level: 'S',
    source: '§4.10, §6.50',
    rule: 'a stop is answered with idTagInfo only if it had an idTag',
    behaviour: 'Otherwise with an empty object.',
  },
];
