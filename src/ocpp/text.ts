/**
 * Text that PostgreSQL can't hold, though JSON can: `\u0000` (SQLSTATE 22P05) and halves of surrogate pairs, which have
 * no UTF-8 form.
 */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** The text with U+FFFD in place of what can't be stored. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}

/** The first `length` UTF-16 units of the text, storable; no surrogate pair is cut in two. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return storable(text);
  const last = text.charCodeAt(length - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return storable(text.slice(0, splitsPair ? length - 1 : length));
}
