import type { Case } from './case.ts';

export const meterValues: readonly Case[] = [
  {
    number: 61,
    level: 'M',
    source: '§4.7, §7.43',
    rule: 'a sampled value of nothing but a value is the imported energy register in Wh, raw, at the outlet, sampled periodically',
    behaviour:
      'The defaults are filled in where it is stored. Wh is the default of energy only; any other value without a unit has none.',
  },
  {
    number: 62,
    level: 'M',
    source: '§7.31, §7.34, §7.35, §7.30, §7.45; JE 2.1',
    rule: 'every measurand, unit, phase, context and location of the specification is taken, both spellings of Celsius among them',
    behaviour:
      'Units are brought to Wh, varh, W, VA, var, A, V, Celsius and Percent beside the value as it came. Hertz, which is no unit of the list, is kept and noted.',
  },
  {
    number: 63,
    level: 'M',
    source: '§7.43, §7.49',
    rule: 'signed data is kept letter by letter and never read as a number',
    behaviour: 'Hexadecimal or OCMF, of any length.',
  },
  {
    number: 64,
    level: 'M',
    source: '§4.7, §6.31; https://github.com/lbbrhzn/ocpp/issues/45',
    rule: 'meter values need no transaction: none, an unknown one, 0, or the main meter of connector 0',
    behaviour: 'A transaction id beyond 32 bits is none; it is never rounded into the id of another transaction.',
  },
  {
    number: 65,
    level: 'T',
    source: 'https://github.com/lbbrhzn/ocpp/issues/210; https://github.com/lbbrhzn/ocpp/issues/1627',
    rule: 'values as numbers, empty, "NaN", "1,5" or "1.5e3", and unknown measurands are answered, and the good samples beside them kept',
    behaviour: 'A comma and an exponent are read; what is no decimal number is stored as text without a number.',
  },
  {
    number: 66,
    level: 'T',
    source: 'https://github.com/lbbrhzn/ocpp/issues/1144; https://github.com/lbbrhzn/ocpp/issues/466',
    rule: 'empty lists, and objects where a list is expected, are answered',
    behaviour: 'An object is a list of one. All of it is noted.',
  },
  {
    number: 67,
    level: 'M',
    source: '§4.7, §7.43; https://github.com/lbbrhzn/ocpp/pull/1925',
    rule: 'two hundred samples in a message are two hundred rows; Wh and kWh count alike; phases are not added to their total',
    behaviour: 'Phases are summed only where an instant has no total: L1 to L3 or L1-N to L3-N.',
  },
  {
    number: 68,
    level: 'M',
    source: '§3.15; https://github.com/evcc-io/evcc/issues/10399',
    rule: 'times may have any offset and up to nine digits of a second; odd forms of them are read too',
    behaviour:
      'Without a zone it is UTC, which is noted, as are "+0200", a blank for T, and missing seconds. What is no time counts for its receipt.',
  },
  {
    number: 69,
    level: 'S',
    source: '§3.15',
    rule: 'the same instant in two zones is stored as the same instant, to the millisecond',
    behaviour: 'Further digits are cut, not rounded.',
  },
];
