/** Frames that are no messages. No answer is due to them, and the connection has to live on. */
import type { Misbehaviour } from './misbehaviour.ts';

export const frames: readonly Misbehaviour[] = [
  {
    name: 'missing-value',
    what: 'now and then "transactionId":, in a message (AEFA)',
    source: 'https://github.com/lbbrhzn/ocpp/issues/2032',
    keepsFacts: true,
    strays: ['[2,"missing-value","MeterValues",{"connectorId":1,"transactionId":,"meterValue":[]}]'],
  },
  {
    name: 'stray-comma',
    what: 'now and then "sampledValue":[,{ in a message (ZJ Beny)',
    source: 'https://github.com/lbbrhzn/ocpp/issues/1078',
    keepsFacts: true,
    strays: ['[2,"stray-comma","MeterValues",{"connectorId":1,"meterValue":[{"sampledValue":[,{"value":"1"}]}]}]'],
  },
  {
    name: 'truncated-result',
    what: 'answers to CALLs are cut off (Grizzl-E)',
    source: 'https://github.com/lbbrhzn/ocpp/issues/442',
    keepsFacts: true,
    answer: (text) => text.slice(0, -2),
    strays: ['[3,"truncated-result",{"status":"Acc'],
  },
  {
    name: 'empty-answer-id',
    what: 'a CALLRESULT with an empty id',
    source: 'https://github.com/lorenzodonini/ocpp-go/issues/267',
    keepsFacts: true,
    strays: ['[3,"",{"status":"Accepted"}]', '[4,"","GenericError","",{}]'],
  },
  {
    name: 'empty-frames',
    what: 'empty frames to keep the connection alive',
    source: 'https://github.com/mikuso/ocpp-rpc/blob/master/lib/client.js',
    keepsFacts: true,
    strays: ['', ' '],
  },
];
