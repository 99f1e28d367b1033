import { nearest } from './nearest.ts';

/** What to write for a name that is no time zone. */
export function zoneHint(found: unknown): string {
  if (typeof found !== 'string' || found === '') return GENERAL;
  if (/^(?:UTC|GMT)?[+-]\d/i.test(found)) return OFFSET;
  const place = found.split('/').at(-1)!.replaceAll(' ', '_');
  const meant = ALSO_KNOWN.get(place.toLowerCase()) ?? nearest(found, zones()) ?? zoneOfPlace(place);
  if (meant) return `did you mean ${meant}?`;
  if (/^[A-Z]{2,5}$/i.test(found))
    return 'abbreviations mean several zones: name a city, such as Asia/Shanghai, or UTC';
  return GENERAL;
}

const OFFSET = 'an offset does not follow summer time: name a city, such as Asia/Shanghai, or UTC';

const GENERAL = 'write Area/City as the IANA time zone database has it, such as Asia/Shanghai or Europe/Berlin, or UTC';

/** What has no name of its own in the database, and is looked for in it. */
const ALSO_KNOWN = new Map(
  Object.entries({
    gmt: 'UTC',
    z: 'UTC',
    beijing: 'Asia/Shanghai',
    peking: 'Asia/Shanghai',
    shenzhen: 'Asia/Shanghai',
    guangzhou: 'Asia/Shanghai',
    mumbai: 'Asia/Kolkata',
    delhi: 'Asia/Kolkata',
    munich: 'Europe/Berlin',
  }),
);

function zoneOfPlace(place: string): string | null {
  const ends = `/${place.toLowerCase()}`;
  return place.length < 3 ? null : (zones().find((zone) => zone.toLowerCase().endsWith(ends)) ?? null);
}

/** Of these the runtime lists an older spelling alone. */
const NEWER = [
  'UTC', 'Africa/Asmara', 'America/Argentina/Buenos_Aires', 'America/Indiana/Indianapolis', 'America/Kentucky/Louisville',
  'America/Nuuk', 'Asia/Ho_Chi_Minh', 'Asia/Kathmandu', 'Asia/Kolkata', 'Asia/Yangon', 'Atlantic/Faroe', 'Europe/Kyiv',
  'Pacific/Chuuk', 'Pacific/Kanton', 'Pacific/Pohnpei',
]; // biome-ignore format: a list

let known: readonly string[] | undefined;

/** Listed at the first mistake: it takes the runtime a moment. */
function zones(): readonly string[] {
  known ??= [...NEWER, ...Intl.supportedValuesOf('timeZone').filter((zone) => zone.includes('/'))];
  return known;
}
