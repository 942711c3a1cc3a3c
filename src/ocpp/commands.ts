/** The one table of what goes to stations. A further command is a file in `commands/` and a row here. */
import type { CommandMessage } from './command.ts';
import { cancelReservation } from './commands/cancelReservation.ts';
import { certificateSigned } from './commands/certificateSigned.ts';
import { changeAvailability } from './commands/changeAvailability.ts';
import { changeConfiguration } from './commands/changeConfiguration.ts';
import { clearCache } from './commands/clearCache.ts';
import { clearChargingProfile } from './commands/clearChargingProfile.ts';
import { dataTransfer } from './commands/dataTransfer.ts';
import { deleteCertificate } from './commands/deleteCertificate.ts';
import { extendedTriggerMessage } from './commands/extendedTriggerMessage.ts';
import { getCompositeSchedule } from './commands/getCompositeSchedule.ts';
import { getConfiguration } from './commands/getConfiguration.ts';
import { getDiagnostics } from './commands/getDiagnostics.ts';
import { getInstalledCertificateIds } from './commands/getInstalledCertificateIds.ts';
import { getLocalListVersion } from './commands/getLocalListVersion.ts';
import { getLog } from './commands/getLog.ts';
import { installCertificate } from './commands/installCertificate.ts';
import { remoteStartTransaction } from './commands/remoteStartTransaction.ts';
import { remoteStopTransaction } from './commands/remoteStopTransaction.ts';
import { reserveNow } from './commands/reserveNow.ts';
import { reset } from './commands/reset.ts';
import { sendLocalList } from './commands/sendLocalList.ts';
import { setChargingProfile } from './commands/setChargingProfile.ts';
import { signedUpdateFirmware } from './commands/signedUpdateFirmware.ts';
import { triggerMessage } from './commands/triggerMessage.ts';
import { unlockConnector } from './commands/unlockConnector.ts';
import { updateFirmware } from './commands/updateFirmware.ts';

const all: readonly CommandMessage[] = [
  cancelReservation,
  certificateSigned,
  changeAvailability,
  changeConfiguration,
  clearCache,
  clearChargingProfile,
  dataTransfer,
  deleteCertificate,
  extendedTriggerMessage,
  getCompositeSchedule,
  getConfiguration,
  getDiagnostics,
  getInstalledCertificateIds,
  getLocalListVersion,
  getLog,
  installCertificate,
  remoteStartTransaction,
  remoteStopTransaction,
  reserveNow,
  reset,
  sendLocalList,
  setChargingProfile,
  signedUpdateFirmware,
  triggerMessage,
  unlockConnector,
  updateFirmware,
];

/** By action, case-sensitive (OCPP-J 1.6 §4.2.1). */
export const commands: ReadonlyMap<string, CommandMessage> = new Map(all.map((command) => [command.action, command]));
