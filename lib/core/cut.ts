/** At most `most` characters (UTF-16 units) of a text, with … where it was cut; half a character is never left. */
export function cut(text: string, most = 60): string {
  if (text.length <= most) return text;
  const end = isHighHalf(text.charCodeAt(most - 1)) ? most - 1 : most;
  return `${text.slice(0, end)}…`;
}

/** With what nobody sees written out: control characters, marks of direction, spaces of no width. */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u00a0]/gu,
    (sign) => `\\u${sign.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}

function isHighHalf(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
