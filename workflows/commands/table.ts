/** The one table of what actors know of commands: a further command is a file here, one in src/ocpp/commands, and a row each. */
import { cancelReservation } from './cancelReservation.ts';
import { certificateSigned } from './certificateSigned.ts';
import { changeAvailability } from './changeAvailability.ts';
import { changeConfiguration } from './changeConfiguration.ts';
import { clearCache } from './clearCache.ts';
import { clearChargingProfile } from './clearChargingProfile.ts';
import { dataTransfer } from './dataTransfer.ts';
import { deleteCertificate } from './deleteCertificate.ts';
import { extendedTriggerMessage } from './extendedTriggerMessage.ts';
import { getCompositeSchedule } from './getCompositeSchedule.ts';
import { getConfiguration } from './getConfiguration.ts';
import { getDiagnostics } from './getDiagnostics.ts';
import { getInstalledCertificateIds } from './getInstalledCertificateIds.ts';
import { getLocalListVersion } from './getLocalListVersion.ts';
import { getLog } from './getLog.ts';
import { installCertificate } from './installCertificate.ts';
import { remoteStartTransaction } from './remoteStartTransaction.ts';
import { remoteStopTransaction } from './remoteStopTransaction.ts';
import { reserveNow } from './reserveNow.ts';
import { reset } from './reset.ts';
import { sendLocalList } from './sendLocalList.ts';
import { setChargingProfile } from './setChargingProfile.ts';
import { signedUpdateFirmware } from './signedUpdateFirmware.ts';
import { triggerMessage } from './triggerMessage.ts';
import { unlockConnector } from './unlockConnector.ts';
import { updateFirmware } from './updateFirmware.ts';
import type { CommandRules } from './rules.ts';

/** By action, case-sensitive. */
export const commandRules: ReadonlyMap<string, CommandRules> = new Map<string, CommandRules>([
  ['CancelReservation', cancelReservation],
  ['CertificateSigned', certificateSigned],
  ['ChangeAvailability', changeAvailability],
  ['ChangeConfiguration', changeConfiguration],
  ['ClearCache', clearCache],
  ['ClearChargingProfile', clearChargingProfile],
  ['DataTransfer', dataTransfer],
  ['DeleteCertificate', deleteCertificate],
  ['ExtendedTriggerMessage', extendedTriggerMessage],
  ['GetCompositeSchedule', getCompositeSchedule],
  ['GetConfiguration', getConfiguration],
  ['GetDiagnostics', getDiagnostics],
  ['GetInstalledCertificateIds', getInstalledCertificateIds],
  ['GetLocalListVersion', getLocalListVersion],
  ['GetLog', getLog],
  ['InstallCertificate', installCertificate],
  ['RemoteStartTransaction', remoteStartTransaction],
  ['RemoteStopTransaction', remoteStopTransaction],
  ['ReserveNow', reserveNow],
  ['Reset', reset],
  ['SendLocalList', sendLocalList],
  ['SetChargingProfile', setChargingProfile],
  ['SignedUpdateFirmware', signedUpdateFirmware],
  ['TriggerMessage', triggerMessage],
  ['UnlockConnector', unlockConnector],
  ['UpdateFirmware', updateFirmware],
]);
