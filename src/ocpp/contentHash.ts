import { hash } from 'node:crypto';
import { isNode } from './node.ts';

/**
 * 16 characters that are the same for the same action and content, whatever the order of properties: recognises what a
 * station sends again under a new message id. The edge's own `at`s in meter values are left out: they may differ.
 */
export function contentHash(action: string, payload: object): string {
  return hash('sha1', action + canonical(payload), 'base64url').slice(0, 16);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isNode(value)) return JSON.stringify(value);
  let text = '{';
  for (const key of Object.keys(value).sort()) {
    if (key !== 'at') text += `${key}:${canonical(value[key])},`;
  }
  return `${text}}`;
}
