import type { Case } from './case.ts';

export const quirks: readonly Case[] = [
  {
    number: 'Q1',
    level: 'T',
    source: 'https://github.com/evcc-io/evcc/issues/32170',
    rule: 'Huawei SmartCharger boots with an empty chargePointVendor',
    behaviour: 'Accepted: empty text is text.',
  },
  {
    number: 'Q2',
    level: 'T',
    source:
      'https://github.com/lbbrhzn/ocpp/issues/213; https://github.com/lorenzodonini/ocpp-go/issues/359; https://github.com/lbbrhzn/ocpp/issues/987',
    rule: 'Schneider EVlink, HICI and Etrel send serial numbers, models and info longer than allowed',
    behaviour: 'Kept up to 500 characters, and noted; the frame is kept as it came. An over-long idTag is Invalid.',
  },
  {
    number: 'Q3',
    level: 'T',
    source: 'https://github.com/lbbrhzn/ocpp/issues/1144',
    rule: 'Huawei sends meterValue as an object',
    behaviour: 'Taken as a list of one.',
  },
  {
    number: 'Q4',
    level: 'T',
    source: 'https://github.com/lbbrhzn/ocpp/issues/210; https://github.com/mobilityhouse/ocpp/issues/353',
    rule: 'OpenEVSE and others send sampled values as numbers',
    behaviour: 'Taken as the text they would be.',
  },
  {
    number: 'Q5',
    level: 'T',
    source:
      'https://github.com/mobilityhouse/ocpp/issues/54; https://github.com/lbbrhzn/ocpp/issues/361; https://github.com/lbbrhzn/ocpp/issues/1627',
    rule: 'measurands, contexts (Alfen) and units that no specification knows stand beside good samples',
    behaviour: 'All are stored, the odd ones as they came; they count for no energy.',
  },
  {
    number: 'Q6',
    level: 'T',
    source: 'https://github.com/lbbrhzn/ocpp/issues/466',
    rule: 'meter values come without any sampled value',
    behaviour: 'Answered, noted, nothing stored of them.',
  },
  {
    number: 'Q7',
    level: 'T',
    source:
      'https://github.com/lbbrhzn/ocpp/issues/2032; https://github.com/lbbrhzn/ocpp/issues/1078; https://github.com/lbbrhzn/ocpp/issues/442',
    rule: 'AEFA and ZJ Beny send invalid JSON, Grizzl-E half a CALLRESULT',
    behaviour:
      'Kept as text with the reason, not answered, the connection stays; a command goes on waiting for an answer until its time is up.',
  },
  {
    number: 'Q8',
    level: 'T',
    source: 'https://github.com/lbbrhzn/ocpp/issues/45',
    rule: 'Alfen sends transactionId 9223372036854775807 outside of transactions',
    behaviour: 'None.',
  },
  {
    number: 'Q9',
    level: 'T',
    source: 'https://github.com/evcc-io/evcc/issues/10399; https://github.com/steve-community/steve/issues/1414',
    rule: 'Growatt THOR sends times without a zone, and reservationId 0',
    behaviour: 'UTC and none, both noted.',
  },
  {
    number: 'Q10',
    level: 'T',
    source: 'https://github.com/steve-community/steve/issues/136; https://github.com/matth-x/MicroOcpp/pull/354',
    rule: 'Chago labels local time as UTC; others say 1970 until their clock is set',
    behaviour:
      'The time of receipt is stored beside every time. It counts where the station is more than 5 minutes ahead or more than 30 days behind; a minute ahead is noted already. Hours behind may be a message that waited: its own time is believed.',
  },
  {
    number: 'Q11',
    level: 'T',
    source:
      'https://github.com/mobilityhouse/ocpp/issues/186; https://github.com/EVerest/libocpp/pull/298; https://github.com/matth-x/MicroOcpp/issues/237',
    rule: 'ABB Terra and libocpp repeat a start under a new message id, MicroOcpp under the old one',
    behaviour:
      'One transaction, told by its content; the same answer, also for a tag that may charge at one place only.',
  },
  {
    number: 'Q12',
    level: 'T',
    source:
      'https://github.com/steve-community/steve/issues/292; https://github.com/mikuso/ocpp-rpc/issues/82; https://github.com/ConnectorIO/connectorio-addons/pull/199',
    rule: 'stops of -1 after an offline start, always of 0 (tktev), or of an id of their own (Wallbox)',
    behaviour: 'Confirmed, and of the only open transaction where everything fits.',
  },
  {
    number: 'Q13',
    level: 'T',
    source:
      'https://github.com/evcc-io/evcc/pull/30247; https://github.com/evcc-io/evcc/pull/33909; https://github.com/steve-community/steve/issues/97',
    rule: 'Zaptec Go 2 leaves stops out, Grizzl-E reboots into Preparing',
    behaviour: 'The transaction ends as `estimated`, at its last reading.',
  },
  {
    number: 'Q14',
    level: 'T',
    source: 'https://github.com/dallmann-consulting/OCPP.Core/issues/31',
    rule: 'Metron ME3, once its stop was refused, boots every 10 s under one message id',
    behaviour: 'No stop is refused, whatever is missing in it; messages under a used id are answered.',
  },
  {
    number: 'Q15',
    level: 'T',
    source:
      'https://github.com/lbbrhzn/ocpp/issues/442; https://github.com/steve-community/steve/issues/135; https://github.com/lbbrhzn/ocpp/issues/497',
    rule: 'Grizzl-E offers no subprotocol, others a list of several',
    behaviour:
      'Refused with words by default; served with `ALLOW_MISSING_SUBPROTOCOL=true`. Of a list ocpp1.6 is chosen.',
  },
  {
    number: 'Q16',
    level: 'T',
    source: 'https://github.com/mobilityhouse/ocpp/issues/188',
    rule: 'a StatusNotification comes before the boot, or no boot at all after a reconnect',
    behaviour: 'A station that is accepted is served.',
  },
  {
    number: 'Q17',
    level: 'T',
    source: 'https://github.com/lbbrhzn/ocpp/issues/1510; https://github.com/evcc-io/evcc/pull/25069',
    rule: 'Wallbox Pulsar Max and EN+ drop the socket when a command comes before their boot is answered',
    behaviour: 'Commands wait for the boot of the connection, or for 10 seconds.',
  },
  {
    number: 'Q18',
    level: 'T',
    source: 'https://github.com/lorenzodonini/ocpp-go/issues/314; https://github.com/lorenzodonini/ocpp-go/issues/358',
    rule: 'a station comes back while its old connection is half open',
    behaviour: 'It is served at once. Commands go to the newest connection; the old one is left to end by itself.',
  },
  {
    number: 'Q19',
    level: 'T',
    source:
      'https://github.com/shiv3/ocpp-cp-simulator/issues/260; https://github.com/steve-community/steve/pull/1899; https://github.com/ChargeTimeEU/Java-OCA-OCPP/pull/163',
    rule: 'a password of hex digits is sent as its digits or as its bytes, which are no UTF-8',
    behaviour: 'Both are the same password.',
  },
  {
    number: 'Q20',
    level: 'T',
    source: 'https://github.com/lbbrhzn/ocpp/issues/514',
    rule: 'Alfen takes hexadecimal idTags only in a RemoteStart, and 25 characters are none',
    behaviour:
      'The idTag leaves letter by letter as the operator gave it; one of more than 20 characters is refused in words.',
  },
  {
    number: 'Q21',
    level: 'T',
    source: 'https://github.com/steve-community/steve/issues/1211',
    rule: 'a RemoteStart without connectorId is Rejected by some stations',
    behaviour: 'The connector leaves as the operator named it; the Rejected is what the command ends with.',
  },
  {
    number: 'Q22',
    level: 'T',
    source: 'https://github.com/lbbrhzn/ocpp/pull/2150',
    rule: 'Autel ignores charging profiles of kind Relative',
    behaviour:
      'The kind is not defaulted: a profile without one is refused in words, Absolute with startSchedule leaves as given.',
  },
  {
    number: 'Q23',
    level: 'T',
    source: 'https://github.com/steve-community/steve/issues/1109; https://github.com/mikuso/ocpp-rpc',
    rule: 'a payload is null, or a frame is empty',
    behaviour: 'null is an empty object; empty frames are ignored.',
  },
  {
    number: 'Q24',
    level: 'T',
    source: 'https://github.com/citrineos/citrineos/issues/175',
    rule: 'a status of a connector that nobody has heard of',
    behaviour: 'Answered; the connector exists from then on.',
  },
  {
    number: 'Q25',
    level: 'T',
    source: 'https://github.com/lorenzodonini/ocpp-go/issues/267',
    rule: 'an answer with an empty or unknown id',
    behaviour: 'Dropped; a command that waits goes on waiting for its own.',
  },
  {
    number: 'Q26',
    level: 'T',
    source: 'https://github.com/lbbrhzn/ocpp/pull/1925',
    rule: 'values per phase are tagged L1-N, and energy per phase has no total',
    behaviour:
      'Each is stored with its phase; phases are summed for the energy of a transaction where there is no total.',
  },
  {
    number: 'Q27',
    level: 'T',
    source: 'https://github.com/lbbrhzn/ocpp/pull/140; https://github.com/mobilityhouse/ocpp/issues/79',
    rule: 'stations ping rarely, and some miss a pong',
    behaviour:
      'They are pinged every 45 s; any frame is a sign of life, and two unanswered pings are no reason to close.',
  },
];
