import type { Case } from './case.ts';

export const handshake: readonly Case[] = [
  {
    number: 1,
    level: 'M',
    source: 'J §3.1.2, §3.2',
    rule: 'the subprotocol ocpp1.6 is negotiated',
    behaviour: '101, with `Sec-WebSocket-Protocol: ocpp1.6`.',
  },
  {
    number: 2,
    level: 'M',
    source: 'J §3.1.3; https://github.com/lbbrhzn/ocpp/issues/497',
    rule: 'of a list of subprotocols exactly one is chosen, with or without blanks after the commas',
    behaviour: '`ocpp1.6`, wherever it stands in the list.',
  },
  {
    number: 3,
    level: 'M',
    source: 'J §3.2',
    rule: 'a station that offers other versions only is upgraded without a subprotocol, then closed at once',
    behaviour:
      '101 without the header, close 1002 with "only ocpp1.6 is served", a line in the log; it counts as no connection.',
  },
  {
    number: 4,
    level: 'T',
    source: 'RFC 6455 §4.2.2; https://github.com/lbbrhzn/ocpp/issues/442',
    rule: 'a station that offers no subprotocol is refused or served, never left open and mute',
    behaviour:
      '400 that says what is missing, in the answer and in the log. Where it is served (`ALLOW_MISSING_SUBPROTOCOL=true`), the answer has no such header: one that nobody asked for ends the handshake in conforming clients.',
  },
  {
    number: 5,
    level: 'M',
    source: 'J §3.1.1',
    rule: 'the identity is the last part of the path, percent-encoded; an encoded slash belongs to it',
    behaviour: '`/{id}` and `/ocpp/{id}`; the path is split before it is decoded. At most 48 characters.',
  },
  {
    number: 6,
    level: 'T',
    source: 'RFC 3986 §2.1',
    rule: 'a path that is not percent-encoded text is refused and harms nobody',
    behaviour: '400 that says so.',
  },
  {
    number: 7,
    level: 'S',
    source: 'J §3.2; JE 3.3',
    rule: 'an unknown station is refused before the upgrade with 404, one without identity is refused',
    behaviour:
      '404 with `REGISTRATION=known`; a path without identity gets 400 always. The station tries again, with back-off.',
  },
  {
    number: 8,
    level: 'M',
    source: 'WP A00.FR.202-204, §2.3',
    rule: 'without or with wrong credentials, or with another user name than its identity: 401 before the upgrade',
    behaviour:
      '401 with `WWW-Authenticate: Basic realm="OCPP"`. After five wrong ones of one address for one identity: 429 with `Retry-After`.',
  },
  {
    number: 9,
    level: 'M',
    source: 'J §6.2.2; WP A01.FR.08; https://github.com/steve-community/steve/pull/1899',
    rule: 'of an AuthorizationKey of 32 to 40 hex digits the bytes they stand for are the password',
    behaviour:
      'The bytes are right, and so are the digits (many stations send them). Other passwords are taken as they are, of any letters. Bytes are compared, in constant time; stored is a salted hash.',
  },
  {
    number: 10,
    level: 'M',
    source: 'J §6.2.2; WP A01.FR.02, A01.FR.03, A01.FR.04, A01.FR.09',
    rule: 'when the station accepts a new AuthorizationKey, it counts from then on and the old one no more; it is never logged',
    behaviour:
      'A new AuthorizationKey goes to the station as ChangeConfiguration, sealed until it leaves; from the answer Accepted on, or where the station connects with it, it is the password, and sockets opened with the old one are closed; Rejected or never sent, the old one stays. A command that holds a key in words is refused: a command is kept, shown and journalled.',
  },
  {
    number: 11,
    level: 'M',
    source: 'J §6.2.1; WP A00.FR.001-006, A00.FR.317',
    rule: 'security profiles 2 and 3 are TLS: 1.2 or later, with Basic authentication or a client certificate',
    behaviour:
      'TLS ends at a proxy (`deploy/nginx`), which passes Basic authentication on untouched: profile 2. One that may not come without password is refused, however it comes. Profile 3 is not served.',
  },
  {
    number: 12,
    level: 'M',
    source: 'J §5.3; JE 3.9; RFC 6455 §5.5.3; https://github.com/lbbrhzn/ocpp/pull/140',
    rule: 'a ping is answered with its data; the server pings too, and gives up a socket without sign of life',
    behaviour:
      'Every 45 s, below the idle timeouts of proxies. Any traffic is a sign of life; two lost pongs are forgiven, since stations on mobile networks are slow to answer.',
  },
  {
    number: 13,
    level: 'M',
    source: 'RFC 6455 §5.4, §8.1',
    rule: 'fragments make one message, wherever they are cut; invalid UTF-8 ends that connection only; a binary frame is survived',
    behaviour:
      'Invalid UTF-8: the socket is cut (seen as 1006). Binary frames and what breaks the framing are journalled or cut, nobody else notices.',
  },
  {
    number: 14,
    level: 'T',
    source: 'https://github.com/lorenzodonini/ocpp-go/issues/314; https://github.com/lorenzodonini/ocpp-go/issues/358',
    rule: 'a second connection of a station works at once, and goes on when the first is gone',
    behaviour:
      'CALLs go to the newest; both are answered. The old one is not closed: it is half-open mostly and lapses by its missing pongs, and a station that holds both would fight itself with reconnects.',
  },
  {
    number: 15,
    level: 'M',
    source: 'J §5.4',
    rule: 'a station whose connection was cut is served as soon as it is back, and so are many at once',
    behaviour: 'Each connection is journalled with its end, in order.',
  },
];
