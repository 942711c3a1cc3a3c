/** A kind of charge point. */
export interface Model {
  vendor: string;
  model: string;
  firmwareVersion: string;
  connectors: number;
  /** Direct current: the charge point knows the vehicle's state of charge. */
  direct: boolean;
  phases: 1 | 3;
  /** W, per connector */
  maxPower: number;
}

const vendor = 'Simulated';

export const models: readonly Model[] = [
  { vendor, model: 'Home 7', firmwareVersion: '1.4.2', connectors: 1, direct: false, phases: 1, maxPower: 7_360 },
  { vendor, model: 'Home 11', firmwareVersion: '1.4.2', connectors: 1, direct: false, phases: 3, maxPower: 11_040 },
  { vendor, model: 'Street 22', firmwareVersion: '3.0.17', connectors: 2, direct: false, phases: 3, maxPower: 22_080 },
  { vendor, model: 'Fast 50', firmwareVersion: '2021.8', connectors: 2, direct: true, phases: 3, maxPower: 50_000 },
  { vendor, model: 'Fast 150', firmwareVersion: '2024.2', connectors: 2, direct: true, phases: 3, maxPower: 150_000 },
];

/** Voltage between a phase and neutral (V). */
export const VOLTAGE = 230;
