import type { Vendor } from '../vendor.ts';

/**
 * EVBox (Elvi, BusinessLine) sends each status twice: as StatusNotification, and as a list of 25 values that goes beyond
 * it, every 30 s or so. For instance
 * `1,Charging,NoError,No error.,1,Blue,1,{20,8016,10},{0,0},{C,11904,5772,12231},0,0,420,2024-07-11T15:15:38Z,1,3,…`:
 * connector, status, error code, words for it, vendor's error code, colour of the light, … (https://github.com/evcc-io/evcc/pull/14733,
 * https://github.com/lbbrhzn/ocpp/issues/221). Accepted, as the central systems there do, and kept as the message it is: the status
 * itself is known from StatusNotification. What does not begin like a status is Rejected.
 */
export const evBox: Vendor = {
  vendorId: 'EV-BOX',
  messages: {
    evbStatusNotification: (data) => ({
      status: /^\d+,[A-Za-z]+,[A-Za-z]+,/.test(data ?? '') ? 'Accepted' : 'Rejected',
    }),
  },
};
