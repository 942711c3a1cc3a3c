import { z } from 'zod';

/** Letters, digits and marks that stand for themselves, or an octet as %XX. */
const character = String.raw`[\w.~!$&'()*+,;=-]|%[\da-f]{2}`;
const authority = String.raw`//((${character}|:)*@)?(\[[\da-f:.]+\]|(${character})*)(:\d*)?(?=[/?#]|$)`;
const rest = `(${character}|[:@/?])*`;
const rfc3986 = new RegExp(`^[a-z][a-z\\d+.-]*:(${authority}|(?!//|[?#]|$))${rest}(#${rest})?$`, 'i');

/**
 * anyURI of OCPP 1.6 §6.25 and §6.55, and what the security extension's §5.9 and §5.21 have as text. A URL that browsers would mend (`http:\\host`, blanks, letters beyond ASCII) doesn't
 * leave: a station may not.
 */
export const location = z
  .url()
  .regex(rfc3986, 'no absolute URI (RFC 3986): blanks and letters beyond ASCII are written as %XX');
