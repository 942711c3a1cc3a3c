/** Connections and boots that are not as they should be. */
import type { Misbehaviour } from './misbehaviour.ts';

export const connections: readonly Misbehaviour[] = [
  {
    name: 'no-boot',
    what: 'no BootNotification at all',
    source: 'https://github.com/mobilityhouse/ocpp/issues/188',
    keepsFacts: true,
    traits: { boots: false },
  },
  {
    name: 'status-before-boot',
    what: 'StatusNotification before BootNotification',
    source: 'https://github.com/mobilityhouse/ocpp/issues/188',
    keepsFacts: false,
    traits: { statusBeforeBoot: true },
  },
  {
    name: 'repeat-boot',
    what: 'BootNotification again and again under one message id (Metron ME3)',
    source: 'https://github.com/dallmann-consulting/OCPP.Core/issues/31',
    keepsFacts: true,
    traits: { bootRepeats: 3 },
  },
  {
    name: 'subprotocol-list',
    what: 'offers several versions of OCPP',
    source: 'https://github.com/lbbrhzn/ocpp/issues/497',
    keepsFacts: true,
    traits: { subprotocols: ['ocpp1.5', 'ocpp1.6'] },
  },
  {
    name: 'half-open',
    what: 'connects again while its old connection is half-open',
    source: 'https://github.com/lorenzodonini/ocpp-go/issues/314',
    keepsFacts: true,
    traits: { halfOpen: true },
  },
  {
    name: 'drops-early-calls',
    what: 'drops the connection when a CALL comes before its boot is answered (Wallbox Pulsar Max)',
    source: 'https://github.com/lbbrhzn/ocpp/issues/1510',
    keepsFacts: true,
    traits: { dropsEarlyCalls: true },
  },
  {
    name: 'hex-tags-only',
    what: 'takes only hexadecimal idTags from RemoteStartTransaction (Alfen)',
    source: 'https://github.com/lbbrhzn/ocpp/issues/514',
    keepsFacts: true,
    traits: { hexTagsOnly: true },
  },
  {
    name: 'needs-connector-id',
    what: 'rejects RemoteStartTransaction without connectorId',
    source: 'https://github.com/steve-community/steve/issues/1211',
    keepsFacts: true,
    traits: { needsConnectorId: true },
  },
  {
    name: 'ignores-relative',
    what: 'ignores Relative charging profiles (Autel)',
    source: 'https://github.com/lbbrhzn/ocpp/pull/2150',
    keepsFacts: true,
    traits: { ignoresRelative: true },
  },
  {
    name: 'unknown-connector',
    what: 'reports a connector it does not have',
    source: 'https://github.com/citrineos/citrineos/issues/175',
    keepsFacts: true,
    traits: { extraConnector: true },
  },
  {
    name: 'frequent-pings',
    what: 'WebSocket pings every 10 s',
    source: 'https://github.com/mobilityhouse/ocpp/issues/79',
    keepsFacts: true,
    traits: { pingSeconds: 10 },
  },
];
