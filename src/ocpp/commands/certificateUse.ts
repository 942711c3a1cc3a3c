import { z } from 'zod';

/** Improved security for OCPP 1.6-J, edition 2, §6.4 CertificateUseEnumType */
export const certificateUse = z.enum(['CentralSystemRootCertificate', 'ManufacturerRootCertificate']);
