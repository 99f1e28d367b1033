import { describe, expect, it } from '@jest/globals';
import { readFeed } from '../../lib/core/feed.ts';
import { parseIcs } from '../../lib/core/ics-text.ts';
import { iso } from '../../lib/core/time.ts';
import { calendarText, event } from '../support/ics.ts';

/** Clocks change on 29 March and 25 October. */
const BERLIN = 'Europe/Berlin';

async function stretches(text: string, from = '2026-01-01T00:00:00Z', to = '2027-01-01T00:00:00Z'): Promise<string[]> {
  const found = await readFeed(parseIcs(text), { timezone: BERLIN, from: Date.parse(from), to: Date.parse(to) });
  return found.map((one) => `${iso(one.from).slice(5, -4)} ${iso(one.to).slice(5, -4)}`);
}

/** As Outlook writes it: a zone under a name of its own, with its rules. */
const WINDOWS_ZONE = [
  'BEGIN:VTIMEZONE', 'TZID:W. Europe Standard Time',
  'BEGIN:STANDARD', 'DTSTART:16010101T030000', 'TZOFFSETFROM:+0200', 'TZOFFSETTO:+0100', 'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10', 'END:STANDARD',
  'BEGIN:DAYLIGHT', 'DTSTART:16010101T020000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200', 'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3', 'END:DAYLIGHT',
  'END:VTIMEZONE',
]; // biome-ignore format: iCalendar

describe('the events of a calendar', () => {
  it.each<[string, string[], string[]]>([
    ['a day', event('DTSTART;VALUE=DATE:20261224'), ['12-23T23:00 12-24T23:00']],
    ['days; the end is the day after the last', event('DTSTART;VALUE=DATE:20261224', 'DTEND;VALUE=DATE:20261227'), ['12-23T23:00 12-26T23:00']],
    ['days, as a duration', event('DTSTART;VALUE=DATE:20261224', 'DURATION:P2D'), ['12-23T23:00 12-25T23:00']],
    ['a day of 23 hours', event('DTSTART;VALUE=DATE:20260329'), ['03-28T23:00 03-29T22:00']],
    ['a day that ends on itself, as some write it', event('DTSTART;VALUE=DATE:20261224', 'DTEND;VALUE=DATE:20261224'), ['12-23T23:00 12-24T23:00']],
    ['a time in UTC', event('DTSTART:20261224T080000Z', 'DTEND:20261224T100000Z'), ['12-24T08:00 12-24T10:00']],
    ['a time in a zone', event('DTSTART;TZID=Asia/Tokyo:20261224T080000', 'DTEND;TZID=Asia/Tokyo:20261224T100000'), ['12-23T23:00 12-24T01:00']],
    ['a beginning and an end in two zones', event('DTSTART;TZID=Asia/Tokyo:20261224T080000', 'DTEND:20261224T100000Z'), ['12-23T23:00 12-24T10:00']],
    ["a time without a zone is in the freeze's", event('DTSTART:20260624T080000', 'DURATION:PT90M'), ['06-24T06:00 06-24T07:30']],
    ['a zone that the calendar defines, in summer', [...WINDOWS_ZONE, ...event('DTSTART;TZID=W. Europe Standard Time:20260624T080000', 'DURATION:PT1H')], ['06-24T06:00 06-24T07:00']],
    ['a zone that the calendar defines, in winter', [...WINDOWS_ZONE, ...event('DTSTART;TZID=W. Europe Standard Time:20261224T080000', 'DURATION:PT1H')], ['12-24T07:00 12-24T08:00']],
    ['a time without a length freezes nothing', event('DTSTART:20261224T080000Z'), []],
    ['what is cancelled freezes nothing', event('DTSTART;VALUE=DATE:20261224', 'STATUS:CANCELLED'), []],
    ['what does not show as busy freezes all the same', event('DTSTART;VALUE=DATE:20261224', 'TRANSP:TRANSPARENT'), ['12-23T23:00 12-24T23:00']],
    ['events under one id are events each', [...event('DTSTART;VALUE=DATE:20261224'), ...event('DTSTART;VALUE=DATE:20261226')], ['12-23T23:00 12-24T23:00', '12-25T23:00 12-26T23:00']],
    ['events that touch are one stretch', [...event('DTSTART;VALUE=DATE:20261224'), ...event('DTSTART;VALUE=DATE:20261225')], ['12-23T23:00 12-25T23:00']],
    ['what began before and lasts', event('DTSTART:20251224T080000Z', 'DTEND:20260102T100000Z'), ['12-24T08:00 01-02T10:00']],
    ['what is over', event('DTSTART;VALUE=DATE:20251224'), []],
    ['what is far ahead', event('DTSTART;VALUE=DATE:20271224'), []],
    ['other things than events', ['BEGIN:VTODO', 'UID:2', 'DTSTART:20261224T080000Z', 'DURATION:PT1H', 'END:VTODO'], []],
    ['lower case, and lines that go on', event('dtstart;value=date:202612', ' 24'), ['12-23T23:00 12-24T23:00']],
    ['no event at all', [], []],
  ])('%s', async (_, lines, expected) => {
    expect(await stretches(calendarText(...lines))).toEqual(expected);
  }); // biome-ignore format: a table

  it.each<[string, string[], string[]]>([
    ['every month', event('DTSTART;VALUE=DATE:20260930', 'RRULE:FREQ=MONTHLY'), ['09-29T22:00 09-30T22:00', '10-29T23:00 10-30T23:00', '11-29T23:00 11-30T23:00', '12-29T23:00 12-30T23:00']],
    ['every week, at the same time on the wall', event('DTSTART;TZID=Europe/Berlin:20261018T080000', 'DURATION:PT1H', 'RRULE:FREQ=WEEKLY;COUNT=3'), ['10-18T06:00 10-18T07:00', '10-25T07:00 10-25T08:00', '11-01T07:00 11-01T08:00']],
    ['until a day, which is included', event('DTSTART;VALUE=DATE:20261201', 'RRULE:FREQ=DAILY;UNTIL=20261203'), ['11-30T23:00 12-03T23:00']],
    ['until an instant, which is included', event('DTSTART:20261201T080000Z', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;UNTIL=20261202T080000Z'), ['12-01T08:00 12-01T09:00', '12-02T08:00 12-02T09:00']],
    ['without some of them', event('DTSTART:20261201T080000Z', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=4', 'EXDATE:20261202T080000Z,20261203T080000Z'), ['12-01T08:00 12-01T09:00', '12-04T08:00 12-04T09:00']],
    ['without the first', event('DTSTART:20261201T080000Z', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=2', 'EXDATE:20261201T080000Z'), ['12-02T08:00 12-02T09:00']],
    ['without a day', event('DTSTART:20261201T080000Z', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=2', 'EXDATE;VALUE=DATE:20261202'), ['12-01T08:00 12-01T09:00']],
    ['and some dates more', event('DTSTART:20261201T080000Z', 'DURATION:PT1H', 'RDATE:20261205T080000Z', 'RDATE;VALUE=PERIOD:20261206T080000Z/PT2H,20261207T080000Z/20261207T110000Z'), ['12-01T08:00 12-01T09:00', '12-05T08:00 12-05T09:00', '12-06T08:00 12-06T10:00', '12-07T08:00 12-07T11:00']],
    ['one of them moved', [...event('DTSTART;TZID=Europe/Berlin:20261201T080000', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=3'), ...event('RECURRENCE-ID;TZID=Europe/Berlin:20261202T080000', 'DTSTART;TZID=Europe/Berlin:20261202T120000', 'DURATION:PT2H')], ['12-01T07:00 12-01T08:00', '12-02T11:00 12-02T13:00', '12-03T07:00 12-03T08:00']],
    ['one of them cancelled', [...event('DTSTART:20261201T080000Z', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=2'), ...event('RECURRENCE-ID:20261202T080000Z', 'DTSTART:20261202T080000Z', 'DURATION:PT1H', 'STATUS:CANCELLED')], ['12-01T08:00 12-01T09:00']],
    ['a first one that the rule does not have', event('DTSTART;VALUE=DATE:20261207', 'RRULE:FREQ=MONTHLY;BYMONTHDAY=24'), ['12-06T23:00 12-07T23:00', '12-23T23:00 12-24T23:00']],
  ])('that recurs: %s', async (_, lines, expected) => {
    expect(await stretches(calendarText(...lines))).toEqual(expected);
  }); // biome-ignore format: a table
});

describe('what is not understood is not left out', () => {
  it.each<[string, string, string]>([
    ['no text', '', 'no calendar'],
    ['a page to sign in', '<html>\n<body>please sign in</body></html>', 'no calendar'],
    ['a calendar that was cut off', calendarText(...event('DTSTART;VALUE=DATE:20261224')).slice(0, -30), 'no calendar'],
    ['an event alone', event('DTSTART;VALUE=DATE:20261224').join('\r\n'), 'no calendar'],
    ['an event without a beginning', calendarText(...event('SUMMARY:freeze')), 'no beginning'],
    ['two beginnings', calendarText(...event('DTSTART;VALUE=DATE:20261224', 'DTSTART;VALUE=DATE:20261225')), 'dtstart twice'],
    ['a month 13', calendarText(...event('DTSTART;VALUE=DATE:20261324')), 'is no date'],
    ['30 February', calendarText(...event('DTSTART;VALUE=DATE:20260230')), 'is no date'],
    ['half a date', calendarText(...event('DTSTART:2026032')), 'is no date'],
    ['an hour 25', calendarText(...event('DTSTART:20261224T250000Z', 'DURATION:PT1H')), 'is no date'],
    ['a zone that nobody knows', calendarText(...event('DTSTART;TZID=Nowhere:20261224T080000', 'DURATION:PT1H')), 'zone Nowhere is not known'],
    ['an end before the beginning', calendarText(...event('DTSTART:20261224T080000Z', 'DTEND:20261224T070000Z')), 'before it begins'],
    ['a day that ends at a time', calendarText(...event('DTSTART;VALUE=DATE:20261224', 'DTEND:20261225T070000Z')), 'ends at a time'],
    ['a duration that is none', calendarText(...event('DTSTART:20261224T080000Z', 'DURATION:long')), 'is no duration'],
    ['a duration of nothing', calendarText(...event('DTSTART:20261224T080000Z', 'DURATION:P')), 'P is no duration'],
    ['a duration of no time', calendarText(...event('DTSTART:20261224T080000Z', 'DURATION:P1DT')), 'P1DT is no duration'],
    ['times that are busy, as some publish them', calendarText('BEGIN:VFREEBUSY', 'FREEBUSY:20261224T080000Z/PT1H', 'END:VFREEBUSY'), 'it has VFREEBUSY'],
    ['ten years counted by the day', calendarText(...event('DTSTART:20261224T080000Z', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=3650')), 'COUNT=3650, which is not allowed'],
    ['a rule of every second', calendarText(...event('DTSTART:20261224T080000Z', 'DURATION:PT1H', 'RRULE:FREQ=SECONDLY;COUNT=100000000')), 'no usable FREQ'],
    ['signs that steer a terminal', calendarText(...event('DTSTART:\u001b[2J')), '?[2J is no date'],
    ['a zone whose clocks never rest', calendarText('BEGIN:VTIMEZONE', 'TZID:Z', 'BEGIN:STANDARD', 'DTSTART:20260101T000000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200', `RDATE:${Array.from({ length: 1001 }, () => '20260102T080000').join()}`, 'END:STANDARD', 'END:VTIMEZONE', ...event('DTSTART;TZID=Z:20261224T080000')), 'too often'],
    ['a negative duration', calendarText(...event('DTSTART:20261224T080000Z', 'DURATION:-PT1H')), 'is no duration'],
    ['a rule that is none', calendarText(...event('DTSTART:20261224T080000Z', 'DURATION:PT1H', 'RRULE:sometimes')), 'no usable FREQ'],
    ['a rule of another frequency', calendarText(...event('DTSTART:20261224T080000Z', 'DURATION:PT1M', 'RRULE:FREQ=HOURLY')), 'no usable FREQ'],
    ['a rule with hours', calendarText(...event('DTSTART:20261224T080000Z', 'DURATION:PT1M', 'RRULE:FREQ=DAILY;BYHOUR=8,9')), 'BYHOUR'],
    ['a rule that never fires', calendarText(...event('DTSTART:20261224T080000Z', 'DURATION:PT1M', 'RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30')), 'never fires'],
    ['a change of all that follow', calendarText(...event('RECURRENCE-ID;RANGE=THISANDFUTURE:20261224T080000Z', 'DTSTART:20261224T080000Z')), 'this and future'],
    ['too many recurring events', calendarText(...Array.from({ length: 501 }, () => event('DTSTART:20261224T080000Z', 'RRULE:FREQ=DAILY')).flat()), 'more than 500 recurring'],
  ])('%s', async (_, text, message) => {
    await expect(stretches(text)).rejects.toThrow(message);
  }); // biome-ignore format: a table
});

it('a calendar that takes too long to work out is not understood', async () => {
  const rare = event('DTSTART:20240229T080000Z', 'DURATION:PT1H', 'RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29');
  const calendars = parseIcs(calendarText(...Array.from({ length: 20 }, () => rare).flat()));
  let looks = 0;
  const isLate = () => ++looks > 10;
  await expect(
    readFeed(calendars, { timezone: 'UTC', from: 0, to: Date.parse('2027-01-01T00:00:00Z'), isLate }),
  ).rejects.toThrow('takes too long');
  expect(looks).toBe(11);
});
