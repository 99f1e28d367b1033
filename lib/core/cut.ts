/** At most `most` characters (UTF-16 units) of a text, with … where it was cut; half a character is never left. */
export function cut(text: string, most = 60): string {
  if (text.length <= most) return text;
  const end = isHighHalf(text.charCodeAt(most - 1)) ? most - 1 : most;
  return `${text.slice(0, end)}…`;
}

function isHighHalf(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
