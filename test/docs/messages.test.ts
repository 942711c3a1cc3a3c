import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { stationMessages } from '../../src/ocpp/messages.ts';
import { payloads, schemas } from '../ocpp/oracle.ts';

/** What comes of each beyond table `message`, where all of them are kept. */
const uses: Record<string, string> = {
  Authorize: 'Judged by the directory of id tags.',
  BootNotification:
    'Told whether it is accepted; vendor, model and firmware are kept. Transactions left open are suspected to have ended.',
  DataTransfer: "Answered by its vendor's file, UnknownVendorId or UnknownMessageId without one.",
  DiagnosticsStatusNotification: 'Progress of an upload, kept; ends GetDiagnostics.',
  FirmwareStatusNotification: 'Progress of an update, kept; ends UpdateFirmware.',
  Heartbeat: 'Told the time. The charge point counts as seen.',
  LogStatusNotification: 'Progress of an upload, kept; ends GetLog.',
  MeterValues: 'Readings, and the energy of the transaction they belong to.',
  SecurityEventNotification: 'Kept in the list of security events.',
  SignCertificate: 'Rejected: nobody here signs. The request is kept for whoever does, CertificateSigned answers it.',
  SignedFirmwareStatusNotification: 'Progress of an update, kept; ends SignedUpdateFirmware.',
  StartTransaction: 'Given a transaction id, whatever is thought of the tag; the same start again the same id.',
  StatusNotification:
    'The status of the connector, made if it is new. After Available a transaction left open there is suspected to have ended.',
  StopTransaction: 'The end of the transaction, with its energy. Always confirmed, also of an unknown id.',
};

/** `npx vitest run test/docs -u` writes the page anew. */
it('docs/messages.md lists every message that stations send, as the code has them', async () => {
  expect(Object.keys(uses)).toEqual([...stationMessages.keys()]);
  const rows = [...stationMessages.values()].map(({ action, profile, durable }) => {
    const refused = indispensable(action).map((name) => `\`${name}\``);
    const cells = [action, profile, durable ? 'yes' : 'no', refused.join(', ') || 'nothing', uses[action]];
    return `| ${cells.join(' | ')} |`;
  });
  const sparing = [...stationMessages.keys()].filter(
    (action) => indispensable(action).length < required(action).length,
  );
  const page = [
    '# Messages',
    '',
    'What charge points send. What they are sent is on the page of [commands](commands.md).',
    '',
    'Every message is kept with its answer, in table `message`. _Durable_: the answer leaves when the message is on the disk. _Needs_:',
    'without these properties the answer is a CALLERROR (OCPP-J 1.6 table 7), and the message is kept as it came. What departs from the',
    'specification otherwise is read where that is possible, and [noted](deviations.md); where it is not, it is refused too, except',
    `in ${sparing.slice(0, -1).join(', ')} and ${sparing.at(-1)}: there it is left out.`,
    '',
    '| message | profile | durable | needs | what comes of it |',
    '| ------- | ------- | ------- | ----- | ---------------- |',
    ...rows,
    '',
    'A charge point repeats a StartTransaction, StopTransaction or MeterValues that is refused, its queue blocked meanwhile. So these',
    'get a CALLRESULT in every case but the following:',
    '',
    '- the payload is no JSON object (FormationViolation);',
    '- StartTransaction without a `connectorId` or `idTag` that can be read, MeterValues without such a `connectorId`',
    '  (OccurenceConstraintViolation, TypeConstraintViolation or PropertyConstraintViolation); StopTransaction needs nothing;',
    '- no answer at all, so that the station sends it again later: the journal takes no events, no transaction id is left for a',
    '  StartTransaction, or something failed here.',
    '',
    'Other messages get SecurityError until the charge point is accepted (OCPP-J errata 3.8), BootNotification and what was triggered',
    'excepted. Actions that are not listed get NotImplemented, commands NotSupported.',
    '',
  ];
  await expect(page.join('\n')).toMatchFileSnapshot('../../docs/messages.md');
});

function required(action: string): readonly string[] {
  return schemas.find(({ $id }) => $id === `urn:${action}.req`)?.required ?? [];
}

/** The properties without which a message that is sound otherwise is refused. */
function indispensable(action: string): string[] {
  const receive = stationMessages.get(action)!.receive;
  const [sound] = fc.sample(payloads(`urn:${action}.req`), { seed: 1, numRuns: 1 });
  return required(action).filter((name) => {
    const { [name]: _left, ...others } = sound!;
    try {
      receive(others, '2026-01-31T12:00:00.000Z');
      return false;
    } catch {
      return true;
    }
  });
}
