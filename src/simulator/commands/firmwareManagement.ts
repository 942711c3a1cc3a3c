/** Firmware Management profile, OCPP 1.6 §5.9, §5.19 */
import { z } from 'zod';
import type { ChargePoint } from '../chargePoint.ts';
import { time } from './fields.ts';
import { handler, type CommandHandler } from './handler.ts';

/** How long each step takes (simulated ms). */
const STEP_MS = 20_000;

export const firmwareManagement: readonly CommandHandler[] = [
  handler(
    'GetDiagnostics',
    z.strictObject({
      location: z.string(),
      retries: z.int32().optional(),
      retryInterval: z.int32().optional(),
      startTime: time.optional(),
      stopTime: time.optional(),
    }),
    (chargePoint, { location }) => {
      // §5.9: without a file there is no file name.
      if (!URL.canParse(location)) return { answer: {} };
      const fileName = `${chargePoint.id.replaceAll(/[^\w-]/g, '_')}.log`;
      return { answer: { fileName }, after: () => void upload(chargePoint) };
    },
  ),
  handler(
    'UpdateFirmware',
    z.strictObject({
      location: z.string(),
      retries: z.int32().optional(),
      retrieveDate: time,
      retryInterval: z.int32().optional(),
    }),
    (chargePoint, { location, retrieveDate }) => ({
      answer: {},
      after: () => void update(chargePoint, location, Date.parse(retrieveDate)),
    }),
  ),
];

async function upload(chargePoint: ChargePoint): Promise<void> {
  for (const status of ['Uploading', 'Uploaded']) {
    await chargePoint.tellDiagnostics(status);
    await chargePoint.time.sleep(STEP_MS, chargePoint.gone);
  }
  chargePoint.diagnosticsStatus = 'Idle';
}

/** Download, install, start anew with the new version, tell. Nothing is downloaded: an address that is none fails. */
async function update(chargePoint: ChargePoint, location: string, retrieveAt: number): Promise<void> {
  const wait = () => chargePoint.time.sleep(STEP_MS, chargePoint.gone);
  await chargePoint.time.sleep(chargePoint.time.at(retrieveAt) - chargePoint.time.now(), chargePoint.gone);
  await chargePoint.tellFirmware('Downloading');
  await wait();
  if (!URL.canParse(location)) return chargePoint.tellFirmware('DownloadFailed');
  await chargePoint.tellFirmware('Downloaded');
  await wait();
  await chargePoint.tellFirmware('Installing');
  await wait();
  // Told as Installed after the boot.
  chargePoint.restart({ reason: 'Reboot', drop: false, firmwareVersion: nextVersion(chargePoint.firmwareVersion) });
}

function nextVersion(version: string): string {
  return version.replace(/\d+$/, (last) => String(Number(last) + 1));
}
