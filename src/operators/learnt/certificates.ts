import { X509Certificate } from 'node:crypto';
import type { Instant } from '../../../workflows/events.ts';
import {
  inOrder,
  instantIn,
  isAccepted,
  objectIn,
  objectsIn,
  sourceOf,
  statusOf,
  textIn,
  type AnsweredCommand,
  type Source,
} from './answered.ts';

export interface LearntCertificates {
  /** When the station listed its certificates of each type last, and how many it had then. */
  listed: (Source & { certificateType: string; count: number })[];
  items: InstalledCertificate[];
}

/** As the station listed it, with `hashData`; or as it was installed since, with what the certificate itself says. */
export interface InstalledCertificate extends Source {
  /** As in GetInstalledCertificateIds; `ChargePointCertificate`: its own, from CertificateSigned. */
  certificateType: string;
  /** null: it was installed, and not listed since. */
  hashData: CertificateHashData | null;
  /** Hexadecimal, upper case, without leading zeros; null where it cannot be read. */
  serialNumber: string | null;
  /** null: not known, a list gives hashes only. */
  subject: string | null;
  validTo: Instant | null;
}

/** Improved security for OCPP 1.6-J, edition 2, §6.1 CertificateHashDataType */
export interface CertificateHashData {
  hashAlgorithm: string;
  issuerNameHash: string;
  issuerKeyHash: string;
  serialNumber: string;
}

/**
 * The certificates a station has: its answers to GetInstalledCertificateIds, InstallCertificate, DeleteCertificate and
 * CertificateSigned (Improved security for OCPP 1.6-J, edition 2, §5).
 */
export function foldCertificates(commands: readonly AnsweredCommand[]): LearntCertificates {
  const listed = new Map<string, LearntCertificates['listed'][number]>();
  let items: InstalledCertificate[] = [];
  for (const command of inOrder(commands)) {
    const payload = objectIn(command.payload) ?? {};
    const ofType = textIn(payload.certificateType);
    switch (command.action) {
      case 'GetInstalledCertificateIds': {
        const found = listOf(command);
        if (found === undefined || ofType === undefined) break;
        listed.set(ofType, { certificateType: ofType, count: found.length, ...sourceOf(command) });
        items = items.filter(({ certificateType }) => certificateType !== ofType);
        items.push(...found.map((hashData) => fromList(ofType, hashData, command)));
        break;
      }
      case 'InstallCertificate': {
        const text = textIn(payload.certificate);
        if (!isAccepted(command) || ofType === undefined || text === undefined) break;
        const installed = fromText(ofType, text, command);
        items = [...items.filter((item) => !isInstalledAgain(item, installed)), installed];
        break;
      }
      case 'DeleteCertificate': {
        const hashData = hashDataIn(payload.certificateHashData);
        // NotFound: it is not there either.
        if (!hashData || !['Accepted', 'NotFound'].includes(statusOf(command.answer) ?? '')) break;
        items = items.filter((item) => !isOf(item, hashData));
        break;
      }
      case 'CertificateSigned': {
        const text = textIn(payload.certificateChain);
        if (!isAccepted(command) || text === undefined) break;
        items = [...items.filter(({ certificateType }) => certificateType !== OWN), fromText(OWN, text, command)];
        break;
      }
    }
  }
  return { listed: [...listed.values()], items };
}

const OWN = 'ChargePointCertificate';

/** undefined: it told nothing. */
function listOf({ answer }: AnsweredCommand): CertificateHashData[] | undefined {
  if (statusOf(answer) === 'NotFound') return [];
  const list = statusOf(answer) === 'Accepted' ? objectsIn(objectIn(answer)?.certificateHashData) : undefined;
  return list?.flatMap((each) => hashDataIn(each) ?? []);
}

function hashDataIn(value: unknown): CertificateHashData | undefined {
  const said = objectIn(value);
  const [hashAlgorithm, issuerNameHash] = [textIn(said?.hashAlgorithm), textIn(said?.issuerNameHash)];
  const [issuerKeyHash, serialNumber] = [textIn(said?.issuerKeyHash), textIn(said?.serialNumber)];
  const isWhole = hashAlgorithm && issuerNameHash && issuerKeyHash && serialNumber;
  return isWhole ? { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } : undefined;
}

function fromList(certificateType: string, hashData: CertificateHashData, command: AnsweredCommand) {
  const serialNumber = plainSerial(hashData.serialNumber);
  return { certificateType, hashData, serialNumber, subject: null, validTo: null, ...sourceOf(command) };
}

/** @param text PEM; of a chain the first certificate, which is the station's own */
function fromText(certificateType: string, text: string, command: AnsweredCommand): InstalledCertificate {
  const known = { certificateType, hashData: null, ...sourceOf(command) };
  try {
    const { serialNumber, subject, validTo } = new X509Certificate(text);
    return {
      ...known,
      serialNumber: plainSerial(serialNumber),
      subject: subject?.replaceAll('\n', ', ') ?? null,
      validTo: instantIn(validTo) ?? null,
    };
  } catch {
    return { ...known, serialNumber: null, subject: null, validTo: null };
  }
}

/** Stations write it as they like: with zeros in front, in lower case. */
function plainSerial(text: string): string {
  return text.toUpperCase().replace(/^0+(?=.)/, '');
}

/** One that was installed and not listed since is known by its serial number alone. */
function isOf(item: InstalledCertificate, hashData: CertificateHashData): boolean {
  if (item.certificateType === OWN) return false;
  if (item.serialNumber !== plainSerial(hashData.serialNumber)) return false;
  if (item.hashData === null) return true;
  const keys = ['hashAlgorithm', 'issuerNameHash', 'issuerKeyHash'] as const;
  return keys.every((key) => item.hashData?.[key].toLowerCase() === hashData[key].toLowerCase());
}

function isInstalledAgain(item: InstalledCertificate, installed: InstalledCertificate): boolean {
  return (
    item.hashData === null &&
    item.serialNumber !== null &&
    item.certificateType === installed.certificateType &&
    item.serialNumber === installed.serialNumber &&
    item.subject === installed.subject
  );
}
