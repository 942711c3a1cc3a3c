import type { Case } from './case.ts';

export const framing: readonly Case[] = [
  {
    number: 16,
    level: 'M',
    source: 'J §4.2.1, §4.2.2',
    rule: 'a CALL is answered by a CALLRESULT of three elements with the very same id',
    behaviour: 'The id is text and stays as it came, whatever it looks like.',
  },
  {
    number: 17,
    level: 'S',
    source: 'J §4.2.1; https://github.com/steve-community/steve/issues/1109',
    rule: 'a payload of null is an empty one',
    behaviour: 'Taken as `{}`, with a note.',
  },
  {
    number: 18,
    level: 'T',
    source: 'J §4.2.1',
    rule: 'a CALL of too few or too many elements is answered by its id',
    behaviour:
      'A missing payload is `{}`, further elements are left out, with a note; without an action FormationViolation.',
  },
  {
    number: 19,
    level: 'T',
    source: 'J §4.2.3; https://github.com/lbbrhzn/ocpp/issues/2032; https://github.com/lbbrhzn/ocpp/issues/1078',
    rule: 'what is no message gets no answer, and the session goes on',
    behaviour:
      'Kept as it came (4,096 characters) with the reason, as a `malformed` message. 1.6 has no id to answer to, and none is made up.',
  },
  {
    number: 20,
    level: 'M',
    source: 'J §4.1.3',
    rule: 'a message of an unknown MessageTypeId is ignored',
    behaviour: 'Numbers other than 2, 3 and 4 are ignored; what is no number is kept as malformed.',
  },
  {
    number: 21,
    level: 'M',
    source: 'J §4.1.4',
    rule: 'an id of 36 characters is fine, a longer one is answered, one that is no text harms nobody',
    behaviour:
      'Up to 255 characters are answered. Numbers, null and empty text are no id: the digits of a number may be gone already, so nothing is answered.',
  },
  {
    number: 22,
    level: 'T',
    source:
      'J §4.1.4; https://github.com/matth-x/MicroOcpp/issues/50; https://github.com/dallmann-consulting/OCPP.Core/issues/31',
    rule: 'the same id again is answered again',
    behaviour:
      'A transaction message sent again gets its first answer. Other content under the same id is a message of its own: some stations have one id for all. A new connection may use any id anew.',
  },
  {
    number: 23,
    level: 'M',
    source: 'J §4.2.1, §4.2.3',
    rule: 'an action that is not known gets NotImplemented; actions are case-sensitive',
    behaviour: 'NotSupported for those that only we send.',
  },
  {
    number: 24,
    level: 'M',
    source: 'J §4.2.3',
    rule: 'a CALLERROR has five elements, its details an object',
    behaviour: 'Always, with a description of at most 255 characters that says what was expected and what came.',
  },
  {
    number: 25,
    level: 'M',
    source: 'J §4.2.3; JE 5.1, 5.2',
    rule: 'the codes are spelled as table 7 spells them: FormationViolation, OccurenceConstraintViolation',
    behaviour: 'Sent exactly so. Read in the other spellings in use too: a failed command shows the one of table 7.',
  },
  {
    number: 26,
    level: 'M',
    source: 'J §4.2.3; https://github.com/dallmann-consulting/OCPP.Core/issues/31',
    rule: 'the code tells what is wrong: something missing, of another type, out of bounds, or no object at all',
    behaviour:
      'OccurenceConstraintViolation, TypeConstraintViolation, PropertyConstraintViolation, FormationViolation. StartTransaction, StopTransaction and MeterValues are refused only where nothing can be made of them: stations repeat a refused one for ever.',
  },
  {
    number: 27,
    level: 'M',
    source: 'J §4.1.1; https://github.com/lorenzodonini/ocpp-go/issues/267',
    rule: 'an answer to nothing, or one that comes too late, is dropped and never taken for the answer to another CALL',
    behaviour: 'Nothing is sent. What is no answer at all is kept as malformed.',
  },
  {
    number: 28,
    level: 'M',
    source: 'J §4.1.1; JE 3.4',
    rule: 'one CALL at a time to a station; its own are answered meanwhile; a lost connection ends the CALL at once',
    behaviour: 'Further commands wait in the actor of the station. A CALL that was written is never sent again.',
  },
  {
    number: 29,
    level: 'T',
    source: 'J §4.1.1',
    rule: 'CALLs sent without waiting are each answered, transaction messages in their order',
    behaviour: 'All answers are in the order of the CALLs. At 1,000 unanswered ones the socket is closed with 1013.',
  },
  {
    number: 30,
    level: 'S',
    source: 'RFC 6455 §7.4.1; https://github.com/dallmann-consulting/OCPP.Core/issues/36',
    rule: 'messages of 64 kB are answered; larger, deeper and odder ones harm nobody',
    behaviour:
      'Up to 4 MB are answered, beyond that 1009: a StopTransaction with much transactionData would be repeated for ever. Of duplicate keys the last counts.',
  },
  {
    number: 31,
    level: 'T',
    source: 'JE 3.1; https://github.com/lbbrhzn/ocpp/issues/213; https://github.com/lorenzodonini/ocpp-go/issues/359',
    rule: 'unknown properties, nulls and over-long texts are accepted; what is sent has none of them',
    behaviour:
      'Accepted with a note of each, the frame is kept. Texts are kept up to 500 characters. What leaves passes an exact schema.',
  },
];
