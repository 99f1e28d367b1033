import { describe, expect, it } from '@jest/globals';
import { readFeed } from '../../lib/core/feed.ts';
import { parseIcs } from '../../lib/core/ics-text.ts';
import { componentsOf } from '../../lib/core/ics-values.ts';
import { readZone } from '../../lib/core/ics-zone.ts';
import { DAY, HOUR, iso, MINUTE } from '../../lib/core/time.ts';
import { wallClock } from '../../lib/core/wall.ts';

const [FROM, TO] = [Date.parse('2026-10-01T00:00:00Z'), Date.parse('2027-05-01T00:00:00Z')];

async function stretches(lines: string, timezone: string): Promise<string[]> {
  const text = ['BEGIN:VCALENDAR', lines, 'END:VCALENDAR', ''].join('\n').replaceAll('\n', '\r\n');
  const found = await readFeed(parseIcs(text), { timezone, from: FROM, to: TO });
  return found.map((one) => `${iso(one.from).slice(0, -4)} ${iso(one.to).slice(0, -4)}`);
}

const OUTLOOK_ZONE = `BEGIN:VTIMEZONE
TZID:Eastern Standard Time
BEGIN:STANDARD
DTSTART:16010101T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=11
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=2SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE`;

const OLD_ZONE = `BEGIN:VTIMEZONE
TZID:/softwarestudio.org/Olson_20011030_5/Europe/Berlin
X-LIC-LOCATION:Europe/Berlin
BEGIN:DAYLIGHT
DTSTART:00010101T020000
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:00010101T030000
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE`;

const DATED_ZONE = `BEGIN:VTIMEZONE
TZID:Custom
BEGIN:STANDARD
DTSTART:19961027T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RDATE:20261025T030000
RDATE:20271031T030000
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;UNTIL=20370329T010000Z;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE`;

describe('calendars as programs write them', () => {
  it('Outlook: a zone under a Windows name, folded texts, a moved and a removed occurrence over the change of the clocks', async () => {
    const found = await stretches(
      `PRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN
VERSION:2.0
METHOD:PUBLISH
X-WR-CALNAME:Change freeze
${OUTLOOK_ZONE}
BEGIN:VEVENT
CLASS:PUBLIC
DESCRIPTION;LANGUAGE=en-us:No deployments.\\nAsk "ops: release\\, EMEA\\; APAC"
  before you do\\n see C:\\freeze
DTSTART;TZID="Eastern Standard Time":20261023T170000
DTEND;TZID="Eastern Standard Time":20261023T230000
ATTENDEE;CN="Doe; Jane: ops";RSVP=TRUE:mailto:jane@example.com
RRULE:FREQ=WEEKLY;COUNT=5;BYDAY=FR;WKST=SU
EXDATE;TZID="Eastern Standard Time":20261106T170000
UID:040000008200E00074C5B7101A82E008
TRANSP:OPAQUE
X-MICROSOFT-CDO-BUSYSTATUS:BUSY
BEGIN:VALARM
TRIGGER:-PT15M
ACTION:DISPLAY
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
BEGIN:VEVENT
RECURRENCE-ID;TZID="Eastern Standard Time":20261113T170000
DTSTART;TZID="Eastern Standard Time":20261114T080000
DTEND;TZID="Eastern Standard Time":20261114T090000
UID:040000008200E00074C5B7101A82E008
END:VEVENT`,
      'UTC',
    );
    expect(found).toEqual([
      '2026-10-23T21:00 2026-10-24T03:00',
      '2026-10-30T21:00 2026-10-31T03:00',
      '2026-11-14T13:00 2026-11-14T14:00',
      '2026-11-20T22:00 2026-11-21T04:00',
    ]);
  });

  it('Google: whole days, times in UTC, a cancelled occurrence, an exception to it in another zone', async () => {
    const found = await stretches(
      `PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:PUBLISH
X-WR-TIMEZONE:Asia/Shanghai
BEGIN:VEVENT
DTSTART;VALUE=DATE:20261101
DTEND;VALUE=DATE:20261114
DTSTAMP:20261001T000000Z
UID:double-11@google.com
CREATED:20261001T000000Z
SEQUENCE:1
STATUS:CONFIRMED
SUMMARY:双十一 freeze\\, 全部
TRANSP:TRANSPARENT
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Asia/Shanghai:20261201T090000
DTEND;TZID=Asia/Shanghai:20261201T180000
RRULE:FREQ=MONTHLY;UNTIL=20270228T155959Z;BYMONTHDAY=1
UID:closing@google.com
STATUS:CONFIRMED
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Asia/Shanghai:20270101T090000
DTEND;TZID=Asia/Shanghai:20270101T180000
RECURRENCE-ID;TZID=Asia/Shanghai:20270101T090000
UID:closing@google.com
STATUS:CANCELLED
END:VEVENT
BEGIN:VEVENT
DTSTART:20270202T010000Z
DTEND:20270202T020000Z
RECURRENCE-ID:20270201T010000Z
UID:closing@google.com
STATUS:TENTATIVE
END:VEVENT`,
      'Asia/Shanghai',
    );
    expect(found).toEqual([
      '2026-10-31T16:00 2026-11-13T16:00',
      '2026-12-01T01:00 2026-12-01T10:00',
      '2027-02-02T01:00 2027-02-02T02:00',
    ]);
  });

  it('an old library: a zone since the year 1, lower-case words, a daily event of ten years and its exceptions', async () => {
    const zoned = 'TZID=/softwarestudio.org/Olson_20011030_5/Europe/Berlin';
    const found = await stretches(
      `Version:2.0
prodid:-//old//EN
${OLD_ZONE}

begin:vevent
uid:nightly
dtstart;${zoned}:20180105T233000
duration:PT2H
rrule:freq=daily;until=20280105
exdate;${zoned}:20261002T233000,20261003T233000
end:vevent`,
      'Europe/Berlin',
    );
    expect(found.slice(0, 3)).toEqual([
      '2026-10-01T21:30 2026-10-01T23:30',
      '2026-10-04T21:30 2026-10-04T23:30',
      '2026-10-05T21:30 2026-10-05T23:30',
    ]);
    expect(found).toContain('2026-10-25T22:30 2026-10-26T00:30');
    expect(found).toContain('2027-03-28T21:30 2027-03-28T23:30');
  });

  it('a change office: two calendars in one text, days without VALUE=DATE, periods, local times and a zone by its dates', async () => {
    const found = await stretches(
      `VERSION:2.0
BEGIN:VEVENT
UID:a
DTSTART:20261224
DTEND:20261227
END:VEVENT
END:VCALENDAR
BEGIN:VCALENDAR
${DATED_ZONE}
BEGIN:VEVENT
UID:b
DTSTART;TZID=Custom:20261025T023000
DURATION:PT1H
RDATE;TZID=Custom;VALUE=PERIOD:20261026T080000/PT30M,20261027T080000/20261027T090000
END:VEVENT
BEGIN:VEVENT
UID:c
DTSTART:20270301T000000
DTEND:20270301T060000
RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1;
END:VEVENT`,
      'Asia/Tokyo',
    );
    expect(found).toEqual([
      '2026-10-25T00:30 2026-10-25T01:30',
      '2026-10-26T07:00 2026-10-26T07:30',
      '2026-10-27T07:00 2026-10-27T08:00',
      '2026-12-23T15:00 2026-12-26T15:00',
      '2027-02-28T15:00 2027-02-28T21:00',
      '2027-03-31T15:00 2027-03-31T21:00',
    ]);
  });

  it('one event of ten years, and whole days that recur over a year of leap', async () => {
    const found = await stretches(
      `BEGIN:VEVENT
UID:era
DTSTART;VALUE=DATE:20200101
DTEND;VALUE=DATE:20261003
END:VEVENT
BEGIN:VEVENT
UID:closing
DTSTART;VALUE=DATE:20240228
DTEND;VALUE=DATE:20240302
RRULE:FREQ=YEARLY
END:VEVENT`,
      'UTC',
    );
    expect(found).toEqual(['2020-01-01T00:00 2026-10-03T00:00', '2027-02-28T00:00 2027-03-03T00:00']);
  });
});

describe('a zone that a calendar defines', () => {
  it.each([
    ['as Outlook does', OUTLOOK_ZONE, 'America/New_York'],
    ['since the year 1', OLD_ZONE, 'Europe/Berlin'],
    ['by dates', DATED_ZONE, 'Europe/Berlin'],
  ])('%s: its clock shows what that of the place shows, at every half hour', async (_, lines, place) => {
    const [calendar] = parseIcs(`BEGIN:VCALENDAR\n${lines}\nEND:VCALENDAR`);
    const own = await readZone(componentsOf(calendar!, 'vtimezone')[0]!, FROM, TO);
    const { toInstant } = wallClock(place);
    const wrong: string[] = [];
    for (let day = FROM / DAY; day < TO / DAY; day++)
      for (let time = 0; time < DAY; time += 30 * MINUTE)
        if (own(day, time) !== toInstant(day, time)) wrong.push(`${iso(day * DAY)} ${time / HOUR}`);
    expect(wrong).toEqual([]);
  });

  it.each<[string, RegExp, string, RegExp]>([
    ['no rule of it', /BEGIN:STANDARD[\s\S]*END:DAYLIGHT\n/, '', /says nothing/],
    ['no offset', /TZOFFSETTO:.*\n/, '', /incomplete/],
    ['an offset that is none', /-0500/, 'EST', /EST is no offset/],
    [
      'two beginnings',
      /DTSTART:16010101T020000/,
      'DTSTART:16010101T020000\nDTSTART:16010101T020000',
      /zone has dtstart twice/,
    ],
    ['a rule of seconds', /FREQ=YEARLY/, 'FREQ=SECONDLY', /no usable FREQ/],
  ])('with %s is not understood', async (_, part, instead, problem) => {
    const event = 'BEGIN:VEVENT\nDTSTART;TZID=Eastern Standard Time:20261224T080000\nDURATION:PT1H\nEND:VEVENT';
    await expect(stretches(`${OUTLOOK_ZONE.replace(part, instead)}\n${event}`, 'UTC')).rejects.toThrow(problem);
  });

  it('that no event names may be of any kind', async () => {
    expect(await stretches('BEGIN:VTIMEZONE\nTZID:Unused\nEND:VTIMEZONE', 'UTC')).toEqual([]);
  });
});
