import { defineSearchAttributeKey, type SearchAttributePair, type TypedSearchAttributes } from '@temporalio/common';
import type { ChargePoint } from './state/model.ts';

/** What operators filter the workflow list by; the server must know them (`src/temporal/connection.ts` registers them). */
export const searchAttributes = {
  Presence: 'Keyword',
  Vendor: 'Keyword',
  Model: 'Keyword',
  Firmware: 'Keyword',
  Registration: 'Keyword',
} as const;

/** Attributes that differ from what the workflow has. Temporal refuses values longer than 255 characters. */
export function searchAttributesOf(chargePoint: ChargePoint, has: TypedSearchAttributes): SearchAttributePair[] {
  const wanted: Record<keyof typeof searchAttributes, string | null> = {
    Presence: chargePoint.online ? 'online' : 'offline',
    Vendor: chargePoint.vendor,
    Model: chargePoint.model,
    Firmware: chargePoint.firmwareVersion,
    Registration: chargePoint.registration,
  };
  return Object.entries(wanted).flatMap(([name, value]) => {
    const key = defineSearchAttributeKey(name, 'KEYWORD');
    const cut = value?.slice(0, 255) || undefined;
    return cut === undefined || has.get(key) === cut ? [] : [{ key, value: cut }];
  });
}
