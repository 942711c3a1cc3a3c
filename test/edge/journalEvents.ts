/** Events as the edge would append them, for tests of the journal's readers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Journal, type NewEvent } from '../../src/edge/journal.ts';

const receivedAt = '2026-01-01T00:00:00.000Z';
export const silent = pino({ level: 'silent' });
export const MANY = { bytes: 1e9, events: 1e9 };

export function temporaryDirectory(): { directory: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'ocpp-actors-'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

export function openJournal(directory: string, maxBytes = 32e6): Journal {
  return Journal.open({ directory, maxBytes, log: silent });
}

export function malformed(raw: string): NewEvent {
  return { kind: 'malformed', receivedAt, connection: '1-1', raw, reason: 'test' };
}

export function connected(connection: string): NewEvent {
  return { kind: 'connected', receivedAt, connection, taskQueue: 'edge', remoteAddress: '::1', protocol: 'ocpp1.6' };
}

export function disconnected(connection: string): NewEvent {
  return { kind: 'disconnected', receivedAt, connection, code: 1000, reason: '' };
}

export function message(action: string, payload: Record<string, unknown> = {}): NewEvent {
  const answer = { result: {} };
  return { kind: 'message', receivedAt, connection: '1-1', messageId: '1', action, at: receivedAt, payload, answer };
}

export function callSent(commandId: string): NewEvent {
  const call = { commandId, messageId: commandId, action: 'ClearCache', payload: {} };
  return { kind: 'callSent', receivedAt, connection: '1-1', ...call };
}

export function callResult(commandId: string): NewEvent {
  const call = { commandId, messageId: commandId, action: 'ClearCache', outcome: { timeout: true as const } };
  return { kind: 'callResult', receivedAt, connection: '1-1', ...call };
}
