/**
 * The one list of what may be noted of a message: how it departs from the specification, and what is made of it all the
 * same. A note reads `<name>: <what>`; a name that is not here does not compile. Types are all that workflow code may take
 * from here.
 */
interface NoteKind {
  /** What came, and what was made of it. */
  what: string;
  /** Where the rule is, or who is known to break it. */
  source: string;
}

/** By name: the frame, then payloads in the order the normalisations are tried, times, and what answers rest on. */
export const noteKinds = {
  overlongMessageId: { what: 'A UniqueId of more than 36 characters, used as it is.', source: 'OCPP-J 1.6 §4.1.4' },
  extraElements: { what: 'More after the payload of a CALL, left out.', source: 'OCPP-J 1.6 §4.2.1' },
  missingPayload: { what: 'A CALL without payload, taken as {}.', source: 'OCPP-J 1.6 §4.2.1' },
  nullPayload: {
    what: 'null as the payload, taken as {}. The specification allows it where there are no fields.',
    source: 'OCPP-J 1.6 §4.2.1, https://github.com/steve-community/steve/issues/1109',
  },

  nullRemoved: {
    what: 'A property that is null instead of absent, left out.',
    source: 'OCPP-J errata 3.1: the JSON schemas know no null',
  },
  unknownProperty: {
    what: "A property of another version or the vendor's own, left out. The raw frame keeps it.",
    source: "OCPP 1.6's JSON schemas: additionalProperties is false",
  },
  unstorableText: {
    what: 'U+0000 or a lone surrogate in a text, replaced by U+FFFD.',
    source: "RFC 8259 §8.2, PostgreSQL's SQLSTATE 22P05",
  },
  overlongText: {
    what: 'A text beyond its limit, kept up to 500 characters: serial numbers (Schneider), models (HICI), info (Etrel).',
    source:
      'OCPP 1.6 §6, https://github.com/lbbrhzn/ocpp/issues/213, https://github.com/mobilityhouse/ocpp/issues/122, ' +
      'https://github.com/lorenzodonini/ocpp-go/issues/359, https://github.com/lbbrhzn/ocpp/issues/987',
  },
  numberAsText: {
    what: 'A number or boolean where a text belongs, such as a sampled value (OpenEVSE), taken as text.',
    source:
      'OCPP 1.6 §7.43, https://github.com/lbbrhzn/ocpp/issues/210, https://github.com/mobilityhouse/ocpp/issues/353',
  },
  jsonAsText: {
    what: "JSON where a text that may hold it belongs: DataTransfer's data, a signed value. Taken as JSON text.",
    source: 'OCPP 1.6 §6.15, §7.43',
  },
  textAsNumber: { what: 'A text that reads as a number, taken as one.', source: 'OCPP-J 1.6 table 7' },
  noTransaction: {
    what: 'A transactionId that cannot be ours, such as 9223372036854775807 (Alfen), taken as none.',
    source: 'OCPP 1.6 §6.31, §6.49, https://github.com/lbbrhzn/ocpp/issues/45',
  },
  oddMeterReading: {
    what: 'meterStart or meterStop with a fraction or beyond 32 bits: a reading all the same, kept.',
    source: 'OCPP 1.6 §6.45, §6.49',
  },
  outOfRange: {
    what: 'A number below its least, such as a start on connector 0, recorded as said.',
    source: 'OCPP 1.6 §6.45',
  },
  objectAsArray: {
    what: 'One object where a list belongs (Huawei), taken as a list of one.',
    source: 'OCPP 1.6 §6.31, https://github.com/lbbrhzn/ocpp/issues/1144',
  },
  emptyArray: {
    what: 'An empty list where at least one element belongs, kept.',
    source: 'OCPP 1.6 §7.33, https://github.com/lbbrhzn/ocpp/issues/466',
  },
  emptyEnumeration: { what: 'An empty text for one of an enumeration, left out.', source: 'OCPP 1.6 §7' },
  unknownValue: {
    what: "A value that is none of an enumeration's: measurands, contexts, units. Kept.",
    source:
      'OCPP 1.6 §7.31, §7.35, §7.45, https://github.com/mobilityhouse/ocpp/issues/54, ' +
      'https://github.com/lbbrhzn/ocpp/issues/361, https://github.com/lbbrhzn/ocpp/issues/1627',
  },
  missing: {
    what: 'A required property is absent from a message that is always confirmed, and it can be done without.',
    source: 'OCPP-J 1.6 table 7, https://github.com/dallmann-consulting/OCPP.Core/issues/31',
  },
  unreadable: {
    what: 'A value of which nothing can be made, in a message that is always confirmed, left out.',
    source: 'OCPP-J 1.6 table 7, https://github.com/dallmann-consulting/OCPP.Core/issues/31',
  },
  overlongLists: {
    what: 'A faulty message with more elements than are repaired in one: the further ones are left out.',
    source: 'a bound of this central system, for the time that repairs take',
  },
  more: {
    what: 'Further deviations of the same message, counted only.',
    source: 'a bound of this central system, for the size of what is kept',
  },
  noReservation: {
    what: 'reservationId 0 (Growatt), taken as none.',
    source:
      'OCPP 1.6 §6.45, https://github.com/evcc-io/evcc/issues/10399, https://github.com/steve-community/steve/issues/1414',
  },
  unstorablePayload: {
    what: 'A payload nested too deeply to be written as JSON, left out. The raw frame is kept.',
    source: 'RFC 8259 §9',
  },
  overlongMessage: {
    what: 'A message of more than 1 MB: the longest properties of its payload are left out, of the frame 4,096 characters are kept.',
    source: 'a bound of this central system, for what an actor can be told at a time',
  },

  noZone: {
    what: 'A time without a zone (Growatt, AEFA), taken as UTC.',
    source: 'OCPP 1.6 §3.15, https://github.com/evcc-io/evcc/issues/10399, https://github.com/lbbrhzn/ocpp/issues/2032',
  },
  timestampForm: {
    what: 'A time of another form: "+0200", a blank for "T", no seconds, a comma. Read as meant.',
    source: 'OCPP 1.6 §3.15, RFC 3339 §5.6',
  },
  unreadableTime: {
    what: 'A time that cannot be read: the time of receipt counts.',
    source: 'OCPP 1.6 §3.15',
  },
  implausibleTime: {
    what: 'A time more than 30 days before or 5 minutes after the receipt (1970, 2099): the time of receipt counts.',
    source: 'OCPP 1.6 §4.6, https://github.com/matth-x/MicroOcpp/pull/354',
  },
  clockAhead: {
    what: 'A time 1 to 5 minutes after the receipt: believed, but the clock runs ahead.',
    source: 'OCPP 1.6 §4.6',
  },

  repeatedStart: {
    what: 'The same StartTransaction again, under whatever UniqueId (ABB): the same transaction, the same answer.',
    source:
      'https://github.com/mobilityhouse/ocpp/issues/186, https://github.com/EVerest/libocpp/pull/298, ' +
      'https://github.com/matth-x/MicroOcpp/issues/237',
  },
  grantedIdTag: {
    what: 'No fault of the station: the tag may charge this once, because an operator has asked for it with grantIdTag.',
    source: 'OCPP 1.6 §5.11',
  },
  unjudgedIdTag: {
    what: 'No fault of the station: the database was away, and the tag was judged by the setting for that.',
    source: 'OCPP 1.6 §4.1, §4.8',
  },
  unjudgedConcurrentTx: {
    what: 'No fault of the station: the database was away, and the tag was taken as charging here only.',
    source: 'OCPP 1.6 §7.2',
  },
} as const satisfies Record<string, NoteKind>;

export type NoteName = keyof typeof noteKinds;

/** `<name>: <what>` */
export type Note = `${NoteName}: ${string}`;
