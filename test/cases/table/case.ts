/** A rule that charge points rely on, and what this server makes of it. */
export interface Case {
  /** Numbers for the rules of OCPP, Q… for what charge points in the field do beyond them. */
  readonly number: number | `Q${number}`;
  /** M: the specification demands it. S: it recommends it. T: charge points in the field need it. */
  readonly level: 'M' | 'S' | 'T';
  /** Section of the specification, or the address of the report. Several are separated by `; `. */
  readonly source: string;
  /** One line. */
  readonly rule: string;
  /** What this server does, and why so where the rule leaves a choice. */
  readonly behaviour: string;
}
