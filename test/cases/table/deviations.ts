/** Where this server knowingly does something else than a text of OCPP says. */
export interface Deviation {
  from: string;
  what: string;
  why: string;
}

export const deviations: readonly Deviation[] = [
  {
    from: 'J §4.2.3, table 7',
    what: 'What breaks the rules of a field is accepted with a note wherever it can be understood, instead of a CALLERROR.',
    why: 'A refused message is lost, or repeated for ever; every note can be looked up as a deviation of that station.',
  },
  {
    from: 'WP §2.4, §2.5',
    what: 'TLS is a proxy’s, with its cipher suites; security profile 3 (client certificates) is not served.',
    why: 'A proxy that ends TLS could tell of a client certificate only in a header, which whoever reaches the edge past it can write as well.',
  },
  {
    from: 'WP A02, A03',
    what: 'SignCertificate is answered Rejected.',
    why: 'Nobody here signs certificates; the request is kept for an operator who has an authority.',
  },
  {
    from: 'JE 3.8',
    what: 'An accepted station is served before its boot; a pending or rejected one may send StartTransaction, StopTransaction and MeterValues.',
    why: 'Some stations send StatusNotification first; the others would repeat what is refused and block their queue. The erratum recommends, it does not demand.',
  },
  {
    from: 'E 3.40',
    what: 'A station that has reconnected without a boot can be triggered to boot by an operator.',
    why: 'The edge knows of the boots on its connections; it does so for nobody by itself.',
  },
  {
    from: 'RFC 6455 §7.1.7',
    what: 'Invalid UTF-8, an unmasked frame, or one that declares more than 8 MB ends the connection without a close frame.',
    why: 'uWebSockets.js cuts these itself. Messages of more than 4 MB are closed with 1009.',
  },
  {
    from: '§7.2',
    what: 'ConcurrentTx is answered only for tags marked as good for one place at a time, and never to a start that has waited for 5 minutes and more.',
    why: 'Fleets and families share tags; a start that was offline says nothing of where the tag charges now.',
  },
  {
    from: '§3.7, §3.15',
    what: 'A time more than 30 days before or 5 minutes after its receipt does not count; the receipt does.',
    why: 'Clocks that are not set say 1970, others 2099: they would be the first and last of everything that is ordered by time. What the station said is kept.',
  },
  {
    from: '§4.10',
    what: 'meterStop − meterStart is not the energy where readings between them contradict: those are summed up, with a note.',
    why: 'Meters are replaced, roll over, or are not read at the start or the stop.',
  },
];
