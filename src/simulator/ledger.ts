import type { Payload } from './payload.ts';

/** What charge points were answered, to be held against a database. Times are the stations' own. */
export interface SimulationLedger {
  transactions: {
    chargePointId: string;
    transactionId: number;
    connectorId: number;
    idTag: string;
    /** Of the answer to the StartTransaction. */
    idTagStatus: string;
    startedAt: string;
    /** Wh */
    meterStart: number;
    /** Absent while its StopTransaction is not answered. */
    stop?: { at: string; meterStop: number; reason: string };
  }[];
  statusNotifications: { chargePointId: string; at: string; connectorId: number; status: string }[];
  meterValues: {
    chargePointId: string;
    at: string;
    connectorId: number;
    transactionId?: number;
    /** Sampled values in it. */
    samples: number;
    /** Energy register, where it was sampled. */
    wh?: number;
  }[];
  /** CALLs answered with a CALLRESULT, by action. */
  answered: Record<string, number>;
}

export function newSimulationLedger(): SimulationLedger {
  return { transactions: [], statusNotifications: [], meterValues: [], answered: {} };
}

/** Enters a CALL, as it was meant, that was answered with `result`. */
export function enter(
  ledger: SimulationLedger,
  chargePointId: string,
  action: string,
  sent: Payload,
  result: Payload,
): void {
  ledger.answered[action] = (ledger.answered[action] ?? 0) + 1;
  if (action === 'StatusNotification') {
    const { timestamp, connectorId, status } = sent as { timestamp: string; connectorId: number; status: string };
    ledger.statusNotifications.push({ chargePointId, at: timestamp, connectorId, status });
  }
  if (action === 'MeterValues') enterMeterValues(ledger, chargePointId, sent);
  if (action === 'StartTransaction') enterStart(ledger, chargePointId, sent, result);
  if (action === 'StopTransaction') enterStop(ledger, chargePointId, sent);
}

function enterMeterValues(ledger: SimulationLedger, chargePointId: string, sent: Payload): void {
  const { connectorId, transactionId, meterValue } = sent as {
    connectorId: number;
    transactionId?: number;
    meterValue: { timestamp: string; sampledValue: { value: string; measurand: string }[] }[];
  };
  for (const { timestamp: at, sampledValue } of meterValue) {
    const register = sampledValue.find(({ measurand }) => measurand === 'Energy.Active.Import.Register');
    ledger.meterValues.push({
      chargePointId,
      at,
      connectorId,
      samples: sampledValue.length,
      ...(transactionId === undefined ? {} : { transactionId }),
      ...(register ? { wh: Number(register.value) } : {}),
    });
  }
}

function enterStart(ledger: SimulationLedger, chargePointId: string, sent: Payload, result: Payload): void {
  const transactionId = result.transactionId as number;
  const { connectorId, idTag, meterStart, timestamp } = sent as {
    connectorId: number;
    idTag: string;
    meterStart: number;
    timestamp: string;
  };
  // Said again by a charge point that is not sure: one transaction.
  if (
    ledger.transactions.some((known) => known.chargePointId === chargePointId && known.transactionId === transactionId)
  ) {
    return;
  }
  const idTagStatus = (result.idTagInfo as { status: string }).status;
  ledger.transactions.push({
    chargePointId,
    transactionId,
    connectorId,
    idTag,
    idTagStatus,
    startedAt: timestamp,
    meterStart,
  });
}

function enterStop(ledger: SimulationLedger, chargePointId: string, sent: Payload): void {
  const { transactionId, timestamp, meterStop, reason } = sent as {
    transactionId: number;
    timestamp: string;
    meterStop: number;
    reason: string;
  };
  const known = ledger.transactions.find(
    (each) => each.chargePointId === chargePointId && each.transactionId === transactionId,
  );
  if (known) known.stop = { at: timestamp, meterStop, reason };
}
