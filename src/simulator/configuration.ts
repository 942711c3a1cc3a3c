import type { Model } from './models.ts';

interface Key {
  value: string;
  readonly?: true;
  /** Can be set and never read (AuthorizationKey). */
  secret?: true;
  /** Takes effect at the next boot. */
  reboot?: true;
  /** What it takes; anything where absent. */
  takes?: RegExp;
}

const WHOLE = /^\d{1,9}$/;
const BOOLEAN = /^(true|false)$/i;
const LIST = /^[\w.,\- ]*$/;

/** The configuration keys of OCPP 1.6 §9, as one charge point has them. Keys keep their spelling: they are case-sensitive. */
export class Configuration {
  readonly #keys: Map<string, Key>;
  readonly #afterReboot = new Map<string, string>();

  constructor(model: Model) {
    this.#keys = new Map(Object.entries(factorySettings(model)));
  }

  number(key: string): number {
    return Number(this.#keys.get(key)?.value ?? 0);
  }

  flag(key: string): boolean {
    return this.#keys.get(key)?.value.toLowerCase() === 'true';
  }

  list(key: string): string[] {
    const value = this.#keys.get(key)?.value ?? '';
    return value.split(',').flatMap((part) => part.trim() || []);
  }

  /** Set by the charge point itself. */
  put(key: string, value: string): void {
    const entry = this.#keys.get(key);
    if (entry) entry.value = value;
  }

  /** All keys where none is named (OCPP 1.6 §5.8). */
  read(names: readonly string[]): { configurationKey: ConfigurationKey[]; unknownKey: string[] } {
    const wanted = names.length > 0 ? [...new Set(names)] : [...this.#keys.keys()];
    const configurationKey = wanted.flatMap((key) => {
      const entry = this.#keys.get(key);
      if (!entry) return [];
      return [{ key, readonly: entry.readonly === true, ...(entry.secret ? {} : { value: entry.value }) }];
    });
    return { configurationKey, unknownKey: wanted.filter((key) => !this.#keys.has(key)) };
  }

  /** OCPP 1.6 §5.3 */
  change(key: string, value: string): 'Accepted' | 'Rejected' | 'RebootRequired' | 'NotSupported' {
    const entry = this.#keys.get(key);
    if (!entry) return 'NotSupported';
    if (entry.readonly || (entry.takes && !entry.takes.test(value))) return 'Rejected';
    if (!entry.reboot) entry.value = value;
    else this.#afterReboot.set(key, value);
    return entry.reboot ? 'RebootRequired' : 'Accepted';
  }

  reboot(): void {
    for (const [key, value] of this.#afterReboot) this.put(key, value);
    this.#afterReboot.clear();
  }
}

export interface ConfigurationKey {
  key: string;
  readonly: boolean;
  value?: string;
}

function factorySettings({ connectors, direct }: Model): Record<string, Key> {
  const measurands = [
    'Energy.Active.Import.Register',
    'Power.Active.Import',
    'Current.Import',
    'Voltage',
    ...(direct ? ['SoC'] : []),
  ].join(',');
  const whole = (value: number): Key => ({ value: String(value), takes: WHOLE });
  const flag = (value: boolean): Key => ({ value: String(value), takes: BOOLEAN });
  const list = (value: string): Key => ({ value, takes: LIST });
  const fixed = (value: number | string | boolean): Key => ({ value: String(value), readonly: true });
  return {
    // Core profile, §9.1
    AllowOfflineTxForUnknownId: flag(true),
    AuthorizationCacheEnabled: flag(true),
    AuthorizeRemoteTxRequests: flag(true),
    ClockAlignedDataInterval: whole(900),
    ConnectionTimeOut: whole(60),
    ConnectorPhaseRotation: list('NotApplicable'),
    GetConfigurationMaxKeys: fixed(50),
    HeartbeatInterval: whole(300),
    LocalAuthorizeOffline: flag(true),
    LocalPreAuthorize: flag(false),
    MeterValuesAlignedData: list('Energy.Active.Import.Register'),
    MeterValuesSampledData: list(measurands),
    MeterValueSampleInterval: whole(60),
    NumberOfConnectors: fixed(connectors),
    ResetRetries: whole(1),
    StopTransactionOnEVSideDisconnect: flag(true),
    StopTransactionOnInvalidId: flag(true),
    StopTxnAlignedData: list(''),
    StopTxnSampledData: list(''),
    SupportedFeatureProfiles: fixed(
      'Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger',
    ),
    TransactionMessageAttempts: whole(3),
    TransactionMessageRetryInterval: whole(60),
    UnlockConnectorOnEVSideDisconnect: flag(true),
    WebSocketPingInterval: { ...whole(0), reboot: true },
    // Local Auth List Management, §9.2; Reservation, §9.3; Smart Charging, §9.4
    LocalAuthListEnabled: flag(true),
    LocalAuthListMaxLength: fixed(1_000),
    SendLocalListMaxLength: fixed(100),
    ReserveConnectorZeroSupported: fixed(false),
    ChargeProfileMaxStackLevel: fixed(10),
    ChargingScheduleAllowedChargingRateUnit: fixed('Current,Power'),
    ChargingScheduleMaxPeriods: fixed(24),
    MaxChargingProfilesInstalled: fixed(20),
    // OCPP-J 1.6 §6.2.2: set by the central system, never told
    AuthorizationKey: { value: '', secret: true, takes: /^([0-9a-fA-F]{32,40}|.{16,20})$/ },
  };
}
