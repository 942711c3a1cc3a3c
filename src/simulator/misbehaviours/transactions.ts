/** Transactions told in odd ways. */
import { inAction } from './payloads.ts';
import type { Misbehaviour } from './misbehaviour.ts';

export const transactions: readonly Misbehaviour[] = [
  {
    name: 'repeat-start-new-id',
    what: 'after a reconnect running transactions are started once more, under a new message id (ABB Terra AC)',
    source: 'https://github.com/mobilityhouse/ocpp/issues/186',
    keepsFacts: true,
    traits: { repeatsStarts: true, newIdOnRepeat: true },
  },
  {
    name: 'new-id-on-repeat',
    what: 'a message sent again has a new id (libocpp)',
    source: 'https://github.com/EVerest/libocpp/pull/298',
    keepsFacts: true,
    traits: { newIdOnRepeat: true },
  },
  {
    name: 'stop-minus-one',
    what: 'StopTransaction with transactionId -1 (libocpp, after an offline start)',
    source: 'https://github.com/EVerest/libocpp/issues/495',
    keepsFacts: false,
    call: inAction('StopTransaction', (payload) => ({ ...payload, transactionId: -1 })),
  },
  {
    name: 'stop-zero',
    what: 'StopTransaction with transactionId 0 (tktev)',
    source: 'https://github.com/mikuso/ocpp-rpc/issues/82',
    keepsFacts: false,
    call: inAction('StopTransaction', (payload) => ({ ...payload, transactionId: 0 })),
  },
  {
    name: 'unknown-transaction',
    what: 'transaction ids of its own (Wallbox in free mode)',
    source: 'https://github.com/ConnectorIO/connectorio-addons/pull/199',
    keepsFacts: false,
    call: inAction('StopTransaction', (payload) => ({ ...payload, transactionId: 2_147_483_000 })),
  },
  {
    name: 'huge-transaction-id',
    what: 'transactionId 9223372036854775807 in MeterValues (Alfen)',
    source: 'https://github.com/lbbrhzn/ocpp/issues/45',
    keepsFacts: false,
    text: (text, action) =>
      action === 'MeterValues' ? text.replace(/"transactionId":-?\d+/, '"transactionId":9223372036854775807') : text,
  },
  {
    name: 'no-stop',
    what: 'transactions end without StopTransaction (Zaptec Go 2)',
    source: 'https://github.com/evcc-io/evcc/pull/30247',
    keepsFacts: false,
    traits: { stops: false },
  },
  {
    name: 'stop-after-available',
    what: 'after a reconnect the connectors are reported first, what was kept of transactions comes later',
    source: 'https://github.com/steve-community/steve/issues/97',
    keepsFacts: true,
    traits: { queueAfterStatus: true },
  },
];
