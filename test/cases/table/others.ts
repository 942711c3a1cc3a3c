import type { Case } from './case.ts';

export const others: readonly Case[] = [
  {
    number: 70,
    level: 'M',
    source: '§4.3, §7.23',
    rule: 'DataTransfer of a vendor that is not known gets UnknownVendorId, of an unknown message UnknownMessageId, and no data',
    behaviour:
      'What was sent is kept; data that is no text is kept as JSON text. A vendor is known by a file of its own (`src/ocpp/vendors`); EVBox is.',
  },
  {
    number: 71,
    level: 'M',
    source: '§4.4, §4.5, §7.25, §7.24',
    rule: 'firmware and diagnostics statuses are confirmed, in any order, asked for or not',
    behaviour:
      'Always `{}`. The actor takes them for the outcome of UpdateFirmware or GetDiagnostics where it awaits one.',
  },
  {
    number: 72,
    level: 'M',
    source: 'WP §3, §4, A02, A03',
    rule: 'the messages of the security extension are confirmed, of listed and unlisted types',
    behaviour:
      'SignCertificate gets Rejected: nobody here signs. The request is kept, an operator can answer it by CertificateSigned.',
  },
  {
    number: 91,
    level: 'T',
    source: 'PostgreSQL: SQLSTATE 22P05, 22008, 22003',
    rule: 'text, times and numbers that no database can hold are answered, and cost nothing of the rest',
    behaviour:
      'NUL and half surrogate pairs become U+FFFD, impossible times the time of receipt, numbers that are no id of ours none; each with a note, beside the frame as it came.',
  },
];
