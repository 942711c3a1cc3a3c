import { z } from 'zod';

/** Improved security for OCPP 1.6-J, CertificateUseEnumType */
export const certificateUse = z.enum(['CentralSystemRootCertificate', 'ManufacturerRootCertificate']);
